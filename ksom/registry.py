"""Name → class, and a YAML node read as a constructor call.

A node is a mapping: `NAME` picks the class, the other keys, lower-cased, are its arguments; a plain string stands for
`{NAME: it}`. `NAME: my_module:MyClass` imports a class of the user's own: the one place where an experiment runs code
that is not ksom's.
"""

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ksom.errors import ConfigError, ParameterError

Node = Mapping[str, Any] | str


class Registry:
    """The classes of one kind that an experiment can name.

    Parameters
    ----------
    kind : str
        What the classes are, for messages: "dataset", "hook", ….

    Notes
    -----
    Names are found whatever their case and with or without underscores, so that HOOKS.STOP_ON_NAN finds `StopOnNaN`.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.base: type = object
        self._classes: dict[str, type] = {}

    def register(self, name: str) -> Callable[[type], type]:
        """Register the decorated class under `name`; a name is given once."""

        def decorate(cls: type) -> type:
            if self._find(name):
                raise ValueError(f"two {self.kind}s are called {name!r}: {self.get(name)!r} and {cls!r}")
            self._classes[name] = cls
            return cls

        return decorate

    def get(self, name: str) -> type | None:
        """Return the class called `name`, None if there is none."""
        found = self._find(name)
        return self._classes[found] if found else None

    def __getitem__(self, name: str) -> type:
        return self._classes[name]

    def named(self, argument: str, name: Any) -> type:
        """Return the class that an argument names.

        Raises
        ------
        ParameterError
            If there is none of that name.
        """
        cls = self.get(name) if isinstance(name, str) else None
        if cls is None:
            hint = nearest(name, self) if isinstance(name, str) else ""
            raise ParameterError(argument, f"name {_a(self.kind)} ({', '.join(self)}){hint}", name)
        return cls

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def name_of(self, cls: type) -> str:
        """Return the name that an experiment gives to `cls`; `module:Class` for a class that is not registered."""
        names = [name for name, known in self._classes.items() if known is cls]
        return names[0] if names else f"{cls.__module__}:{cls.__qualname__}"

    def find(self, name: Any, path: str, folders: Sequence[Path] = ()) -> type:
        """Return the class called `name`, importing it where `name` is `module:Class`.

        Parameters
        ----------
        name : str
            A registered name, or `module:Class`.
        path : str
            Where the name stands in the YAML file, for messages.
        folders : sequence of Path
            Folders in which modules are looked for before Python's own places.

        Raises
        ------
        ConfigError
            If there is no such class.
        """
        if not isinstance(name, str):
            raise ConfigError(f"{path}: the name of {_a(self.kind)} must be a string, got {name!r}")
        if ":" in name:
            cls = _imported(name, path, folders)
            if not issubclass(cls, self.base):
                raise ConfigError(f"{path}: {name} must be a subclass of ksom.{self.base.__name__}")
            return cls
        found = self.get(name)
        if found is None:
            raise ConfigError(
                f"{path}: no {self.kind} is called {name!r}{nearest(name, self)}; known: {', '.join(self)}"
            )
        return found

    def _find(self, name: str) -> str | None:
        return next((known for known in self._classes if _plain(known) == _plain(name)), None)


def build(registry: Registry, node: Node, path: str, folders: Sequence[Path] = (), **context: Any) -> Any:
    """Make the object that a YAML node describes.

    Parameters
    ----------
    registry : Registry
        Where NAME is looked up.
    node : mapping or str
        The node.
    path : str
        Where the node stands in the YAML file, such as "TRAINER.ALGORITHM", for messages.
    folders : sequence of Path
        Where modules of the user's own are looked for.
    **context
        Further arguments, passed on if the class takes them and the node does not give them.

    Raises
    ------
    ConfigError
        For an unknown name, an unknown, missing or wrong argument, naming the path and the nearest known key.
    """
    node = as_mapping(node, path)
    if "NAME" not in node:
        raise ConfigError(f"{path}.NAME is missing: it names {_a(registry.kind)}; known: {', '.join(registry)}")
    cls = registry.find(node["NAME"], f"{path}.NAME", folders)
    return call(cls, {key: value for key, value in node.items() if key != "NAME"}, path, folders, **context)


def call(
    cls: type,
    node: Mapping[str, Any],
    path: str,
    folders: Sequence[Path] = (),
    without: Sequence[str] = (),
    **context: Any,
) -> Any:
    """Call `cls` with the keys of `node`, lower-cased, as its arguments, except those `without`; see `build`."""
    known = arguments(cls)
    parts: Mapping[str, Registry] = getattr(cls, "parts", {})
    given = {}
    for key, value in node.items():
        allowed = [argument.upper() for argument in known if argument not in without]
        name = str(key).lower()
        if key not in allowed:
            takes = f"it takes {', '.join(allowed)}" if allowed else "it takes no keys"
            raise ConfigError(f"{path}.{key}: {cls.__name__} has no such key{nearest(str(key), allowed)}; {takes}")
        is_part = name in parts and isinstance(value, str | Mapping)
        given[name] = (
            build(parts[name], _with_name(value, known[name].default), f"{path}.{key}", folders) if is_part else value
        )
    given = {name: value for name, value in context.items() if name in known} | given
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in given:
            raise ConfigError(f"{path}.{name.upper()} is missing: {cls.__name__} needs it")
    with _located(path, elsewhere=set(context) - {key.lower() for key in node}):
        return cls(**given)


def as_node(made: Any, given: Node, registry: Registry | None = None, without: Sequence[str] = ()) -> dict[str, Any]:
    """Return the node that describes an object, with every default filled in: what `build` would make it from.

    Parameters
    ----------
    made : object
        Holds its constructor's arguments under their names; what it holds otherwise is taken from `given`, and so are
        the arguments of a class of the user's own.
    given : mapping or str
        The node it was built from.
    registry : Registry, optional
        Where its NAME comes from; without one the node has no NAME.
    without : sequence of str
        Arguments that come from elsewhere, left out unless the node gave them.
    """
    given = as_mapping(given, "")
    node: dict[str, Any] = {}
    if registry is not None:
        name = str(given.get("NAME", ""))
        node["NAME"] = name if ":" in name else registry.name_of(type(made))
    parts: Mapping[str, Registry] = getattr(made, "parts", {})
    for name, parameter in arguments(type(made)).items():
        key = name.upper()
        if name in without and key not in given:
            continue
        held = getattr(made, name, None) if registry is None or ":" not in node["NAME"] else None
        default = None if parameter.default is parameter.empty else parameter.default
        if name in parts and isinstance(given.get(key) or {}, str | Mapping):
            node[key] = as_node(held, given.get(key) or {}, parts[name])
        else:
            node[key] = held if type(held) in {bool, int, float, str} else given.get(key, default)
    return node


def arguments(cls: type) -> dict[str, inspect.Parameter]:
    """Return the named arguments of a class's constructor."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        parameters = inspect.signature(cls).parameters
    except ValueError:  # some classes that are written in C do not tell
        return {}
    return {name: p for name, p in parameters.items() if p.kind in named}


def as_mapping(node: Any, path: str) -> dict[str, Any]:
    """Return a node as a mapping; a plain string stands for `{NAME: it}`, nothing for `{}`."""
    if isinstance(node, str):
        return {"NAME": node}
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        raise ConfigError(f"{path} must be a mapping or a name, got {node!r}")
    return dict(node)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'X'?" with the known name most like `name`, or nothing."""
    plain = {_plain(other): other for other in known}
    match = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=0.6)
    return f"; did you mean {plain[match[0]]!r}?" if match else ""


def _with_name(node: Node, default: Any) -> Node:
    """Return a node that says what it is: what the argument is by default, if it does not say."""
    if isinstance(node, Mapping) and "NAME" not in node and isinstance(default, str):
        return {"NAME": default, **node}
    return node


@contextmanager
def _located(path: str, elsewhere: Container[str]) -> Iterator[None]:
    """Say where in the YAML file a refused argument stands: under `path`, or at the top if it came `elsewhere`."""
    try:
        yield
    except ParameterError as error:
        where = "" if error.argument in elsewhere else f"{path}."
        raise ConfigError(f"{where}{error.argument.upper()} {error.reason}") from error


def _imported(name: str, path: str, folders: Sequence[Path]) -> type:
    module_name, _, class_name = name.partition(":")
    _forget_namesake(module_name.partition(".")[0], folders)
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's module does when it is imported
        looked = ", ".join(str(folder) for folder in folders)
        why = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{path}: cannot import {module_name!r} ({why}); looked in {looked} and Python's path"
        ) from error
    finally:
        sys.path[:] = before
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        classes = [key for key, value in vars(module).items() if isinstance(value, type)]
        raise ConfigError(f"{path}: module {module_name!r} has no class {class_name!r}{nearest(class_name, classes)}")
    return found


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _forget_namesake(name: str, folders: Sequence[Path]) -> None:
    """Forget a module that was loaded from another place than the first of the folders that has one of its name."""
    importlib.invalidate_caches()
    places = (place for folder in folders for place in (folder / f"{name}.py", folder / name / "__init__.py"))
    own = next((place for place in places if place.is_file()), None)
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if own is not None and loaded is not None and Path(loaded).resolve() != own.resolve():
        for known in [known for known in sys.modules if known.partition(".")[0] == name]:
            del sys.modules[known]


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
