"""What a user has written: the module:name that an experiment names is imported and run, and nothing else is."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ksom.errors import ConfigError, quoted
from ksom.names import nearest

CLASSES = {"class": type}
"""What a name of the user's own stands for, by what it is called in messages."""

_FOUND_IN: dict[str, Path] = {}
"""In which of the folders that were looked through each module was found."""


def found_modules() -> dict[str, Path]:
    """Return the modules that were found in a folder that was looked through, each with that folder.

    Python itself does not look there, so another process must be told of it.
    """
    return {name: folder for name, folder in _FOUND_IN.items() if name in sys.modules}


def imported(name: str, path: str, folders: Sequence[Path], kinds: Mapping[str, type] = CLASSES) -> Any:
    """Import what `module:name` means, a class unless told otherwise; see `Registry.find`."""
    module_name, _, own_name = name.partition(":")
    _forget_namesake(module_name.partition(".")[0], folders)
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's module does when it is imported
        looked = ", ".join(str(folder) for folder in folders)
        why = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{path}: cannot import {quoted(module_name)} ({why}); looked in {looked} and Python's path"
        ) from error
    finally:
        sys.path[:] = before
    _remember(module_name.partition(".")[0], folders)
    found, wanted = getattr(module, own_name, None), tuple(kinds.values())
    if not isinstance(found, wanted):
        known = [key for key, value in vars(module).items() if isinstance(value, wanted)]
        told = f"module {quoted(module_name)} has no {' or '.join(kinds)} {quoted(own_name)}"
        raise ConfigError(f"{path}: {told}{nearest(own_name, known)}")
    return found


def _remember(name: str, folders: Sequence[Path]) -> None:
    file = Path(getattr(sys.modules.get(name), "__file__", None) or "").absolute()
    for folder in folders:
        if file in {folder.absolute() / f"{name}.py", folder.absolute() / name / "__init__.py"}:
            _FOUND_IN[name] = folder.absolute()
            return


def _forget_namesake(name: str, folders: Sequence[Path]) -> None:
    """Forget a module that was loaded from another place than the first of the folders that has one of its name."""
    importlib.invalidate_caches()
    places = (place for folder in folders for place in (folder / f"{name}.py", folder / name / "__init__.py"))
    own = next((place for place in places if place.is_file()), None)
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if own is not None and loaded is not None and Path(loaded).resolve() != own.resolve():
        for known in [known for known in sys.modules if known.partition(".")[0] == name]:
            del sys.modules[known]
