"""What an experiment can name, told from the code: names, what they are, arguments with their defaults."""

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ksom.config import DEFAULTS
from ksom.datasets import DATASETS
from ksom.errors import ParameterError
from ksom.hooks import HOOKS
from ksom.hooks.hook import Hook
from ksom.kohonensom_model import KohonenSOM
from ksom.names import nearest
from ksom.registry import Registry, arguments, from_elsewhere, parts_of
from ksom.trainer import Trainer
from ksom.users_code import imported

Section = Registry | type

ROOTS: dict[str, Section] = {"DATASET": DATASETS, "MODEL": KohonenSOM, "TRAINER": Trainer, "HOOKS": HOOKS}
"""What the sections at the top of a YAML file describe; the sections in them follow from the classes' parts."""


def describe_all() -> str:
    """Return a list of everything that an experiment can name, with arguments and defaults."""
    top = [_top_line(key) for key, value in DEFAULTS.items() if not isinstance(value, dict)]
    shown: dict[Section, str] = {}
    told = ["\n".join(top)]
    for path, what in _sections(ROOTS):
        told.append(f"{path}: as {shown[what]}" if what in shown else _section(path, what))
        shown.setdefault(what, path)
    return "\n\n".join(told)


def describe_one(name: str) -> str:
    """Return the documentation of what is called `name`.

    Parameters
    ----------
    name : str
        A registered name such as "Vlog", a place in a YAML file such as "TRAINER.ALGORITHM" or "MODEL.WIDTH", or
        `module:Class`, the module being looked for in the current folder before Python's own places.

    Raises
    ------
    ParameterError
        If nothing is called so.
    ConfigError
        If the module cannot be imported, or has no such class.
    """
    if ":" in name:
        return _class(name, imported(name, "name", [Path()]))
    for registry in _registries():
        if cls := registry.get(name):
            return _class(registry.name_of(cls), cls)
    place = name.upper()
    sections = dict(_sections(ROOTS))
    if place in sections:
        return _section(place, sections[place])
    if place in keys():
        return _key(place, sections)
    raise ParameterError("name", f"be something that `ksom describe` lists{nearest(name, [*names(), *keys()])}", name)


def names() -> list[str]:
    """Return what `describe_one` explains: sections and registered names."""
    return [*dict(_sections(ROOTS)), *dict.fromkeys(known for registry in _registries() for known in registry)]


def keys() -> list[str]:
    """Return every key that an experiment can have."""
    found = [key for key, value in DEFAULTS.items() if not isinstance(value, dict)]
    for path, what in _sections(ROOTS):
        if what is HOOKS:
            keys_of_hooks = {known.replace("_", "").lower(): known for known in DEFAULTS[path]}
            for name in HOOKS:
                key = keys_of_hooks.get(name.lower(), name.upper())
                found += [f"{path}.{key}", *(f"{path}.{key}.{argument}" for argument in _keys_of(HOOKS[name]))]
        else:
            found += [f"{path}.{argument}" for argument in _keys_of(what)]
    return found


def _sections(within: Mapping[str, Section]) -> Iterator[tuple[str, Section]]:
    for path, what in within.items():
        yield path, what
        yield from _sections({f"{path}.{name.upper()}": part for name, part in _parts(what).items()})


def _parts(what: Section) -> dict[str, Section]:
    classes = [what[name] for name in what] if isinstance(what, Registry) else [what]
    return {name: part for cls in classes for name, part in parts_of(cls).items()}


def _registries() -> list[Registry]:
    return list(dict.fromkeys(what for _, what in _sections(ROOTS) if isinstance(what, Registry)))


def _keys_of(what: Section) -> list[str]:
    if isinstance(what, Registry):
        return list(dict.fromkeys(["NAME", *(key for name in what for key in _keys_of(what[name]))]))
    return [name.upper() for name in arguments(what) if name not in from_elsewhere(what)]


def _section(path: str, what: Section) -> str:
    return "\n".join([path, *_lines(what)])


def _lines(what: Section) -> Iterator[str]:
    if isinstance(what, Registry):
        for name in what:
            yield f"  {name}: {_first_paragraph(what[name])}"
            yield from _argument_lines(what[name], indent=6)
    else:
        yield from _argument_lines(what, indent=2)


def _class(name: str, cls: type) -> str:
    kind = next((f" ({registry.kind})" for registry in _registries() if not registry.lacks(cls)), "")
    listed = "\n".join(_argument_lines(cls, indent=2))
    return "\n\n".join(filter(None, [f"{name}{kind}", inspect.getdoc(cls), listed and f"In YAML:\n{listed}"]))


def _key(place: str, sections: Mapping[str, Section]) -> str:
    """Return what the documentation of the classes behind a key says of it."""
    path, _, key = place.rpartition(".")
    if not path:
        return _top_line(key)
    if path == "HOOKS":
        return describe_one(HOOKS.name_of(HOOKS.named("name", key)))
    what = sections[path] if path in sections else HOOKS.named("name", path.rpartition(".")[2])
    classes = [what[name] for name in what] if isinstance(what, Registry) else [what]
    return "\n".join([place, *(f"  {cls.__name__}: {_argument(cls, key)}" for cls in classes if key in _keys_of(cls))])


def _argument(cls: type, key: str) -> str:
    """Return an argument's default, and what the documentation says of it."""
    return f"{_default(cls, key)}. {_entry(cls, key)}".rstrip()


def _entry(cls: type, key: str) -> str:
    """Return what the documentation of a class, or of one that it derives from, says of an argument."""
    entry = re.compile(rf"^(?:\w+, )*{key.lower()}\b.* : .*\n((?:    .*\n?)*)", re.MULTILINE)
    found = next(filter(None, (entry.search(inspect.getdoc(base) or "") for base in cls.__mro__)), None)
    return " ".join(found[1].split()) if found else ""


def _argument_lines(cls: type, indent: int) -> Iterator[str]:
    for key in _keys_of(cls):
        yield f"{'':{indent}}{key}: {_default(cls, key)}"


def _first_paragraph(cls: type) -> str:
    return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())


def _top_line(key: str) -> str:
    return f"{key}: default {_yaml(DEFAULTS[key])}"


def _default(cls: type, key: str) -> str:
    parameter = arguments(cls)[key.lower()]
    if parameter.default is parameter.empty:
        return "required"
    if parameter.default is None:
        is_period = parameter.name == "every" and getattr(cls, "next_due", None) is Hook.next_due
        told = re.search(r"\b[Dd]efaults?:? (.+?)(?:;|\.(?= |$)|$)", _entry(cls, key))
        return "default CALLBACK_PERIOD" if is_period else f"default {told[1]}" if told else "optional"
    return f"default {_yaml(parameter.default)}"


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
