"""Name → class, and a YAML node read as a constructor call.

A node is a mapping: `NAME` picks the class, the other keys, lower-cased, are its arguments; a plain string stands for
`{NAME: it}`. `NAME: my_module:MyClass` imports a class of the user's own, or a function where one may stand for a
class: the one place where an experiment runs code that is not ksom's.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any, TypeVar

from ksom.errors import ConfigError, KsomError, ParameterError, quoted, shown_key
from ksom.experiment_files import found_file
from ksom.names import is_same_name, nearest
from ksom.users_code import CLASSES, imported

Node = Mapping[str, Any] | str

Made = TypeVar("Made")

PLAIN = (str, int, float, bool, list, tuple, dict, type(None))
"""What a YAML file can hold as an argument."""


class Registry:
    """The classes of one kind that an experiment can name.

    Parameters
    ----------
    kind : str
        What the classes are, for messages: "dataset", "hook", ….
    base : type
        What a class of the user's own must be: a subclass of it, or, if it is a Protocol, a class with its methods.
    of_function : callable, optional
        Makes such a class of a function of the user's own, where one may stand for it.

    Notes
    -----
    A class says in `parts` which of its arguments are nodes themselves, and where they are looked up; in
    `from_elsewhere` which are no keys of its node, because other sections, or the object it is a part of, give them.

    Names are found whatever their case and with or without underscores, so that HOOKS.STOP_ON_NAN finds `StopOnNaN`.
    """

    def __init__(
        self, kind: str, base: type = object, of_function: Callable[[Callable[..., Any]], type] | None = None
    ) -> None:
        self.kind = kind
        self.base = base
        self.of_function = of_function
        self._classes: dict[str, type | str] = {}

    def register_later(self, name: str, module: str) -> None:
        """Say in which module a class is registered as `name`: it is imported when somebody asks for the class."""
        self._classes[name] = module

    def register(self, name: str) -> Callable[[type], type]:
        """Register the decorated class under `name`; a name is given once."""

        def decorate(cls: type) -> type:
            known = self._find(name)
            if known and self._classes[known] != cls.__module__:
                raise ValueError(f"two {self.kind}s are called {name!r}: {self.get(name)!r} and {cls!r}")
            self._classes[name] = cls
            return cls

        return decorate

    def get(self, name: str) -> type | None:
        """Return the class called `name`, None if there is none."""
        found = self._find(name)
        return self[found] if found else None

    def __getitem__(self, name: str) -> type:
        found = self._classes[name]
        if isinstance(found, str):
            import_module(found)
            return self[name]
        return found

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

    def made(self, argument: str, value: Any, *arguments: Any) -> Any:
        """Return an object that is given as such, as a function, or made from the class that `value` names.

        Raises
        ------
        ParameterError
            If it is none of these, or the class needs further arguments.
        """
        if self.holds(value):
            return value
        if self.of_function and callable(value) and not isinstance(value, type):
            return self.of_function(value)()
        cls = self.named(argument, value)
        try:
            return cls(*arguments)
        except TypeError:
            _require_fitting(cls, argument, value, *arguments)
            raise  # it is not about the arguments

    def holds(self, value: Any) -> bool:
        """Return whether `value` is an object of this kind, not a class."""
        return not isinstance(value, type) and not self.lacks(type(value))

    def lacks(self, cls: type) -> str:
        """Return what keeps a class from being of this kind; nothing if it is."""
        if not getattr(self.base, "_is_protocol", False):
            return "" if issubclass(cls, self.base) else f"must be a subclass of ksom.{self.base.__name__}"
        methods = [name for name, member in vars(self.base).items() if name[0] != "_" and inspect.isfunction(member)]
        missing = [name for name in methods if not callable(getattr(cls, name, None))]
        return f"must be {_a(self.kind)}: a class with the methods {', '.join(methods)}" if missing else ""

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def name_of(self, cls: type) -> str:
        """Return the name that an experiment gives to `cls`; `module:Class` for a class that is not registered."""
        names = [name for name, known in self._classes.items() if known is cls]
        return names[0] if names else f"{cls.__module__}:{cls.__qualname__}"

    def find(self, name: Any, path: str, folders: Sequence[Path] = ()) -> type:
        """Return the class called `name`, importing it where `name` is `module:Class`, or `module:function`.

        Parameters
        ----------
        name : str
            A registered name, `module:Class`, or `module:function` where a function may stand for a class.
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
            raise ConfigError(f"{path}: the name of {_a(self.kind)} must be a string, got {quoted(name)}")
        if ":" in name:
            cls: type = self._imported(name, path, folders)
            if lacks := self.lacks(cls):
                raise ConfigError(f"{path}: {name} {lacks}")
            return cls
        found = self.get(name)
        if found is None:
            told = f"no {self.kind} is called {quoted(name)}{nearest(name, self)}"
            raise ConfigError(f"{path}: {told}; known: {', '.join(self)}")
        return found

    def _imported(self, name: str, path: str, folders: Sequence[Path]) -> Any:
        if self.of_function is None:
            return imported(name, path, folders)
        found = imported(name, path, folders, {**CLASSES, "function": FunctionType})
        return self.of_function(found) if isinstance(found, FunctionType) else found

    def _find(self, name: str) -> str | None:
        return next((known for known in self._classes if is_same_name(known, name)), None)


def build(
    registry: Registry, node: Node, path: str, folders: Sequence[Path] = (), **context: Any
) -> tuple[Any, dict[str, Any]]:
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
        Where modules of the user's own are looked for, and the files of arguments called `path`, or `…_path`.
    **context
        Further arguments, passed on if the class takes them and the node does not give them.

    Returns
    -------
    made : object
        The object.
    node : dict
        The node with every default filled in, without what the context gave.

    Raises
    ------
    ConfigError
        For an unknown name, an unknown, missing or wrong argument, naming the path and the nearest known key.
    ParameterError
        For a wrong argument that came from the context, or that something in the context was made with.
    """
    node = as_mapping(node, path)
    if "NAME" not in node:
        raise ConfigError(f"{path}.NAME is missing: it names {_a(registry.kind)}; known: {', '.join(registry)}")
    name = node.pop("NAME")
    cls = registry.find(name, f"{path}.NAME", folders)
    made, resolved = call(cls, node, path, folders, **context)
    return made, {"NAME": name if ":" in name else registry.name_of(cls), **resolved}


def call(
    cls: type, node: Mapping[str, Any], path: str, folders: Sequence[Path] = (), **context: Any
) -> tuple[Any, dict[str, Any]]:
    """Call `cls` with the keys of `node` as its arguments; see `build`, which looks the class up as well."""
    known = arguments(cls)
    keys = {name.upper(): name for name in known if name not in from_elsewhere(cls)}
    _check_keys(cls, node, keys, path)
    given = {keys[key]: _located_value(keys[key], value, folders) for key, value in node.items()}
    taken = {name: value for name, value in context.items() if name in known and name not in given}
    values = {**_defaults(cls), **taken, **given}
    for name in known:
        if name not in values:
            raise ConfigError(f"{path}.{name.upper()} is missing: {cls.__name__} needs it")
    theirs = {name for thing in taken.values() for name in arguments(type(thing))} - known.keys()
    with located(path, elsewhere={*taken, *theirs}):
        parts = _parts(cls, values, path, folders)
        made = _made(cls, {**values, **{name: part for name, (part, _) in parts.items()}}, path)
    described = {**values, **{name: part_node for name, (_, part_node) in parts.items()}}
    resolved = {key: described[name] for key, name in keys.items() if name not in taken}
    return made, {key: value for key, value in resolved.items() if type(value) in PLAIN}


def node_of(registry: Registry, made: Any) -> dict[str, Any]:
    """Return the node that an object would be built from: what it holds under its arguments' names.

    Examples
    --------
    >>> from ksom.method.lattice import LATTICES, Rectangular
    >>> node_of(LATTICES, Rectangular(4, 5, wrap="rows"))
    {'NAME': 'rectangular', 'WRAP': 'rows'}
    """
    cls = type(made)
    parts = parts_of(cls)
    held = {name: getattr(made, name, None) for name in arguments(cls) if name not in from_elsewhere(cls)}
    described = {name: node_of(parts[name], value) if name in parts else value for name, value in held.items()}
    node = {name.upper(): value for name, value in described.items() if type(value) in PLAIN}
    return {"NAME": registry.name_of(cls), **node}


def with_chosen(node: Mapping[str, Any], made: Any) -> dict[str, Any]:
    """Return a resolved node with what its parts chose to fit, once they knew: a schedule its start, from the map."""
    parts = parts_of(type(made))
    chosen = {key: node_of(parts[key.lower()], getattr(made, key.lower())) for key in node if key.lower() in parts}
    return {**node, **chosen}


def parts_of(cls: type) -> Mapping[str, Registry]:
    """Return the arguments of a class that are nodes themselves, with where they are looked up."""
    parts: Mapping[str, Registry] = getattr(cls, "parts", {})
    return parts


def from_elsewhere(cls: type) -> Collection[str]:
    """Return the arguments of a class that are no keys of its node: other sections, or its owner, give them."""
    names: Collection[str] = getattr(cls, "from_elsewhere", ())
    return names


def arguments(cls: type) -> Mapping[str, inspect.Parameter]:
    """Return the named arguments of a class's constructor."""
    return _arguments(cls)


@functools.lru_cache(maxsize=256)
def _arguments(cls: Hashable) -> Mapping[str, inspect.Parameter]:
    """Look at a class once: at three of them, in every training, took as long as 500 samples take to be learned."""
    assert isinstance(cls, type)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        parameters = inspect.signature(cls).parameters
    except ValueError:  # some classes that are written in C do not tell
        return MappingProxyType({})
    return MappingProxyType({name: p for name, p in parameters.items() if p.kind in named})


def as_mapping(node: Any, path: str) -> dict[str, Any]:
    """Return a node as a mapping; a plain string stands for `{NAME: it}`, nothing for `{}`."""
    if isinstance(node, str):
        return {"NAME": node}
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        raise ConfigError(f"{path} must be a mapping or a name, got {quoted(node)}")
    return dict(node)


def _require_fitting(cls: type, argument: str, value: Any, *arguments: Any) -> None:
    """Refuse a name that needs more than a class takes here."""
    try:
        inspect.signature(cls).bind(*arguments)
    except TypeError as error:
        told = f"be an object: {cls.__name__} cannot be made by its name alone ({error})"
        raise ParameterError(argument, told, value) from error


def _with_name(node: Node, default: Any) -> Node:
    """Return a node that says what it is: what the argument is by default, if it does not say."""
    if isinstance(node, Mapping) and "NAME" not in node and isinstance(default, str):
        return {"NAME": default, **node}
    return node


@contextmanager
def located(path: str, elsewhere: Collection[str] = ()) -> Iterator[None]:
    """Say where in the YAML file a refused argument stands: under `path`, unless it came from `elsewhere`."""
    try:
        yield
    except ParameterError as error:
        if error.argument.partition(".")[0] in elsewhere:
            raise
        where, (argument, *item) = f"{path}." if path else "", error.argument.partition("[")
        raise ConfigError(f"{where}{argument.upper()}{''.join(item)} {error.reason}") from error


def _check_keys(cls: type, node: Mapping[str, Any], known: Collection[str], path: str) -> None:
    for key in node:
        if key not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes no keys"
            hint = nearest(str(key), known)
            raise ConfigError(f"{path}.{shown_key(key)}: {cls.__name__} has no such key{hint}; {takes}")


def _located_value(name: str, value: Any, folders: Sequence[Path]) -> Any:
    """Return a value as it is, or, if it is a path by the argument's name, or several, as found in the folders."""
    if name != "path" and not name.endswith("_path"):
        return value
    if isinstance(value, list):
        return [found_file(item, folders) if isinstance(item, str) else item for item in value]
    return found_file(value, folders) if isinstance(value, str) else value


def _defaults(cls: type) -> dict[str, Any]:
    return {name: given.default for name, given in arguments(cls).items() if given.default is not given.empty}


def _parts(
    cls: type, values: Mapping[str, Any], path: str, folders: Sequence[Path]
) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Build the arguments that are nodes; a part may take, as its context, what its owner takes beside the parts."""
    registries = parts_of(cls)
    beside = {name: value for name, value in values.items() if name not in registries}
    return {
        name: build(registry, _with_name(values[name], default), f"{path}.{name.upper()}", folders, **beside)
        for name, registry in registries.items()
        for default in [_defaults(cls).get(name)]
        if isinstance(values.get(name), str | Mapping)
    }


def _made(cls: type, values: Mapping[str, Any], path: str) -> Any:
    try:
        return cls(**values)
    except KsomError:
        raise
    except Exception as error:  # whatever a class of the user's own does
        error.add_note(f"in making {path} ({cls.__name__})")
        raise


def named_after(function: Callable[..., Any], cls: type[Made]) -> type[Made]:
    """Return a class made of a function under that function's name, so that it is shown and described by it."""
    cls.__name__ = getattr(function, "__name__", type(function).__name__)
    cls.__qualname__, cls.__module__ = getattr(function, "__qualname__", cls.__name__), function.__module__
    return cls


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
