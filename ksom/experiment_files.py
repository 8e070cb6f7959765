"""Where the files of an experiment are: its YAML file, what that names beside it, and what its run folder is called."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ksom.errors import ConfigError, quoted
from ksom.named_files import files_of, is_pattern
from ksom.regular_files import read_regular
from ksom.remote_files import is_address

SUFFIXES = {".yaml", ".yml"}

OF_DATA = {".npy", ".npz", ".csv", ".tsv", ".parquet", ".arrow", ".feather"}
"""How files end that are data, when they are given in the place of an experiment."""

SHIPPED = "ksom:"
"""How the name of an experiment begins that comes with ksom: ksom:exp1."""

CONFIG, ENVIRONMENT = "config.yaml", "environment.json"
"""Files of a run folder: the resolved config, and where it was run."""

LARGEST_ENVIRONMENT = 2**20


def is_experiment(word: object) -> bool:
    """Return whether a word of the command line names an experiment: a YAML file, or one that comes with ksom."""
    return isinstance(word, str) and (word.startswith(SHIPPED) or Path(word).suffix.lower() in SUFFIXES)


def file_meant(word: object) -> str:
    """Return an advice for a word that is no key but names a file, whole or all but the suffix; else nothing."""
    if not isinstance(word, str) or not word:
        return ""
    if named := next((word + suffix for suffix in sorted(SUFFIXES) if _exists(Path(word + suffix))), None):
        return f"; did you mean {quoted(named)}?"
    if not _exists(Path(word)):
        return ""
    if Path(word).is_dir() or Path(word).suffix.lower() in OF_DATA:
        return f"; {quoted(word)} is no experiment: `ksom init {word} -o mine.yaml` writes one that learns from data"
    return f"; the experiment's file is given by --config-file {quoted(word)}"


def experiment_file(name: str | Path) -> Path:
    """Return the YAML file that a path, or `ksom:exp1`, names.

    Raises
    ------
    ConfigError
        If no such experiment comes with ksom.
    """
    if not str(name).startswith(SHIPPED):
        return Path(name)
    package = Path(__file__).parent
    folder = next(filter(Path.is_dir, (package / "configs", package.parent / "configs")), package)
    known = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    wanted = str(name).removeprefix(SHIPPED)
    if wanted not in known:
        raise ConfigError(f"{name}: no such experiment comes with ksom; there are {', '.join(known)}")
    return known[wanted]


def experiment_name(path: Path | None) -> str:
    """Return what the run folder of an experiment is called: the file's stem, "default" without a file.

    The `config.yaml` of a run repeats the run: it has the name that the run had, which its environment.json tells.
    """
    if path is None:
        return "default"
    if path.name != CONFIG:
        return path.stem
    try:
        about = json.loads(read_regular(path.with_name(ENVIRONMENT), LARGEST_ENVIRONMENT))
        name = about.get("experiment", Path(os.path.realpath(path.parent)).name) if "packages" in about else path.stem
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return path.stem
    return name if isinstance(name, str) and name == Path(name).name and name.isprintable() else path.stem


def found_file(path: str, folders: Sequence[Path]) -> str:
    """Return a path, or a pattern, as it is found in the first of `folders` that has it; else as it was."""
    if is_address(path):
        return path
    try:
        places = [folder / Path(path).expanduser() for folder in folders]
    except RuntimeError:  # ~somebody who is not known here
        places = []
    found = next((place for place in places if _exists(place) or _is_matched(place)), Path(path))
    place = Path(os.path.normpath(found))  # configs/../examples is examples
    return str(place.relative_to(Path.cwd()) if place.is_relative_to(Path.cwd()) else place)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # in a folder that may not be read; a name that no file can have
        return False


def _is_matched(pattern: Path) -> bool:
    return is_pattern(pattern) and any(True for _ in files_of(pattern))
