"""The files that a table is in: one, a list, those of a folder, those that fit a pattern."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ksom.arguments import require_path
from ksom.errors import DataError, quoted
from ksom.named_files import files_of, is_pattern
from ksom.remote_files import RemoteFile, is_address, remote_files

CSV, PARQUET, ARROW = "CSV", "Parquet", "Arrow"

FORMATS = {
    CSV: (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"),
    PARQUET: (".parquet", ".pq"),
    ARROW: (".arrow", ".arrows", ".feather", ".ipc"),
}
"""What the names of files of each format end with."""

SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)


def is_table(path: str | Path) -> bool:
    """Return whether a file has the name of a table."""
    return format_by_name(path) is not None


def holds_tables(folder: Path, others: tuple[str, ...]) -> bool:
    """Return whether a folder is one of tables: it has more of them than files whose names end with `others`.

    Beside photos there may be a readme.txt, beside tables a plot.png.
    """
    tables = sum(map(is_table, folder.iterdir()))
    return tables > 0 and tables > sum(path.name.lower().endswith(others) for path in folder.rglob("*"))


def format_by_name(path: str | Path) -> str | None:
    """Return the format that a file's name tells; None: another one than that of a table."""
    name = Path(path).name.lower()
    return next((known for known, suffixes in FORMATS.items() if name.endswith(suffixes)), None)


def found_files(data: str | Path | Sequence[Any]) -> list[Path | RemoteFile]:
    """Return the files of a table in the order in which they are read.

    Parameters
    ----------
    data : str, Path, or sequence of them
        A file; a folder, whose tables are taken in the order of their names; a pattern such as "parts/*.csv", the same;
        a list of these, in its own order. An address, or a pattern that is one, is looked for in its store.

    Raises
    ------
    DataError
        If there is no file, a folder has tables of more than one format, or a name leads nowhere.
    ParameterError
        If something is no path.
    """
    if isinstance(data, str | Path):
        return _of_one(data)
    files = [file for one in data for file in _of_one(one)]
    if not files:
        raise DataError("a table's list of files must name at least one, but is empty")
    return files


def _of_one(name: Any) -> list[Path | RemoteFile]:
    if is_address(name):
        return list(remote_files(name))
    path = require_path("path", name)
    if path.is_dir():
        return list(_of_folder(path))
    if not is_pattern(path):
        return [path]
    found = sorted(filter(Path.is_file, files_of(path)))
    if not found:
        raise DataError(f"{path}: no file fits this pattern")
    return list(found)


def _of_folder(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.iterdir()) if _is_part(path)]
    formats = {format_by_name(path): path.name for path in files}
    if not files:
        raise DataError(f"{folder}: this folder has no table; their names end with {', '.join(SUFFIXES)}")
    if len(formats) > 1:
        told = " and ".join(f"{known} ({quoted(name)})" for known, name in formats.items())
        raise DataError(f"{folder}: this folder has tables of more than one format, {told}; name those that are meant")
    return files


def _is_part(path: Path) -> bool:
    """Return whether a file of a folder is meant: no hidden one, no link that leads out."""
    is_shown = is_table(path) and not path.name.startswith((".", "_")) and path.is_file()
    return is_shown and path.resolve().is_relative_to(path.parent.resolve())
