"""The files that somebody names: one, several, those of a folder or of a pattern, in the order of their names."""

import glob
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ksom.arguments import require_path
from ksom.errors import DataError, ParameterError


class NamedFiles(NamedTuple):
    """What was found under a name."""

    files: list[Path]
    """The files, in the order of their names; those that were named one by one in that order."""
    left_out: list[Path]
    """What lies in the folder beside them: of other kinds, hidden, no regular file, or a link that leads out."""
    folder: Path | None = None
    """The folder that they were found in; None: they were named one by one."""


def is_pattern(path: str | Path) -> bool:
    """Return whether a name stands for several files: it has *, ? or [, and no file is called so."""
    return glob.has_magic(str(path)) and not os.path.lexists(path)


def files_of(pattern: str | Path) -> Iterator[Path]:
    """Yield the files and folders that a pattern stands for."""
    yield from map(Path, glob.iglob(str(pattern), recursive=True))  # noqa: PTH207 (it refuses some patterns)


def is_list_of_names(value: Any) -> bool:
    """Return whether a value is a list of the names of files, at least one."""
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(item, str | Path) for item in value)


def named_only(value: Any) -> Any:
    """Return a name of files, or a list of names; None for anything else, such as the data themselves."""
    return value if isinstance(value, str | Path) or is_list_of_names(value) else None


def names_several(value: Any) -> bool:
    """Return whether a value names several files: it is a list of names, a folder or a pattern."""
    return is_list_of_names(value) or (isinstance(value, str | Path) and (is_pattern(value) or Path(value).is_dir()))


def named_files(argument: str, named: Any, suffixes: Collection[str]) -> NamedFiles:
    """Find the files that are meant by a name, or by a list of names.

    A file that is named itself is taken whatever it is called. Of a folder, and of the folders in it, or of a pattern
    (`*`, `?`, `[…]`, and `**` for any folders) those are taken whose names end with one of `suffixes`, whatever the
    case; links that lead out of the folder are not followed.

    Parameters
    ----------
    argument : str
        What the name was given as, for messages.
    named : str, Path, or list of them
        The name.
    suffixes : collection of str
        In lower case.

    Raises
    ------
    DataError
        If there is nothing of that name, or no such file in the folder.
    ParameterError
        If it is no name.
    """
    if isinstance(named, list | tuple):
        if not named:
            raise ParameterError(argument, "name at least one file", named)
        found = [named_files(argument, name, suffixes) for name in named]
        return NamedFiles([file for some in found for file in some.files], [f for some in found for f in some.left_out])
    path = require_path(argument, named)
    if is_pattern(path):
        return _chosen(path, _fixed_part(path), files_of(path), suffixes)
    if path.is_dir():
        return _chosen(path, path, _files_in(path), suffixes)
    return NamedFiles([path], [])


def _chosen(named: Path, folder: Path, found: Iterable[Path], suffixes: Collection[str]) -> NamedFiles:
    home = folder.resolve()
    files: list[Path] = []
    left_out: list[Path] = []
    for path in sorted(found):
        is_named = path.name.lower().endswith(tuple(suffixes)) and not path.name.startswith(".")
        is_meant = is_named and _is_file_in(path, home)
        (files if is_meant else left_out).append(path)
    if not files:
        beside = f" among {len(left_out)} others" if left_out else ""
        raise DataError(f"{named}: there is no file there{beside} whose name ends with {', '.join(suffixes)}")
    return NamedFiles(files, left_out, folder)


def _files_in(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror})") from error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names)


def _fixed_part(pattern: Path) -> Path:
    """Return the folder that all files of a pattern lie in."""
    return next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))


def _is_file_in(path: Path, home: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode) and path.resolve().is_relative_to(home)
    except (OSError, RuntimeError):  # a link that leads nowhere, or to itself
        return False
