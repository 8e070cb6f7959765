"""What an experiment can name, told from the code: names, what they are, arguments with their defaults."""

import inspect
from collections.abc import Iterator

from ksom.algorithms import ALGORITHMS
from ksom.config import DEFAULTS
from ksom.datasets import DATASETS
from ksom.errors import ParameterError
from ksom.hooks import HOOKS
from ksom.kohonensom_model import KohonenSOM
from ksom.method.initialisation import INITIALISATIONS
from ksom.method.lattice import LATTICES
from ksom.method.neighbourhood import NEIGHBOURHOODS
from ksom.method.schedules import SCHEDULES
from ksom.registry import Registry, arguments, from_elsewhere, nearest
from ksom.trainer import Trainer

SECTIONS: dict[str, Registry | type] = {
    "DATASET": DATASETS,
    "MODEL": KohonenSOM,
    "MODEL.LATTICE": LATTICES,
    "MODEL.NEIGHBOURHOOD": NEIGHBOURHOODS,
    "MODEL.INITIAL": INITIALISATIONS,
    "TRAINER": Trainer,
    "TRAINER.ALGORITHM": ALGORITHMS,
    "TRAINER.ALGORITHM.SIGMA, .LEARNING_RATE": SCHEDULES,
    "HOOKS": HOOKS,
}
"""Where in a YAML file each kind of thing stands."""


def describe_all() -> str:
    """Return a list of everything that an experiment can name, with arguments and defaults."""
    top = [f"{key}: default {_yaml(value)}" for key, value in DEFAULTS.items() if not isinstance(value, dict)]
    sections = ["\n".join([section, *_lines(what)]) for section, what in SECTIONS.items()]
    return "\n\n".join(["\n".join(top), *sections])


def describe_one(name: str) -> str:
    """Return the documentation of what is called `name`.

    Raises
    ------
    ParameterError
        If nothing is.
    """
    registries = [what for what in SECTIONS.values() if isinstance(what, Registry)]
    for registry in registries:
        cls = registry.get(name)
        if cls is not None:
            return f"{registry.name_of(cls)} ({registry.kind})\n\n{inspect.getdoc(cls)}"
    known = [known for registry in registries for known in registry]
    raise ParameterError("name", f"be one of {', '.join(known)}{nearest(name, known)}", name)


def _lines(what: Registry | type) -> Iterator[str]:
    if isinstance(what, Registry):
        for name in what:
            yield f"  {name}: {_first_paragraph(what[name])}"
            yield from _argument_lines(what[name], indent=6)
    else:
        yield from _argument_lines(what, indent=2)


def _argument_lines(cls: type, indent: int) -> Iterator[str]:
    for name, parameter in arguments(cls).items():
        if name not in from_elsewhere(cls):
            yield f"{'':{indent}}{name.upper()}: {_default(parameter)}"


def _first_paragraph(cls: type) -> str:
    return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return "required"
    if parameter.default is None:
        return "default CALLBACK_PERIOD" if parameter.name == "every" else "default chosen to fit"
    return f"default {_yaml(parameter.default)}"


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
