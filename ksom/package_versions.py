"""The versions of installed packages, read from what lies beside them.

`importlib.metadata` tells the same, but it brings along all that reads e-mails, and looks at every folder anew for each
package: 20 ms to load and 2 ms a package, where a whole training of 10 × 10 nodes learns for 50.
"""

import os
import re
import sys
from functools import cache
from pathlib import Path

SUFFIXES = (".dist-info", ".egg-info")
"""Of what is told about a package, the first of equals first."""
FILES = ("METADATA", "PKG-INFO")
"""What it is told in, inside of a folder."""


@cache
def package_version(name: str) -> str | None:
    """Return the version of a package that is installed, None if it is not.

    Examples
    --------
    >>> import numpy as np
    >>> package_version("NumPy") == np.__version__, package_version("no such package")
    (True, None)
    """
    if any(map(os.path.isfile, sys.path)):  # a zip file, which only Python's own way looks into
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(name)
        except PackageNotFoundError:
            return None
    there = next((told[_plain(name)] for told in map(_told_in, sys.path) if _plain(name) in told), None)
    return None if there is None else _version(there)


@cache
def _told_in(folder: str) -> dict[str, Path]:
    """Return where something is told about each package of a folder in which Python looks for modules."""
    try:
        paths = list(Path(folder).iterdir())
    except OSError:
        return {}
    found: dict[str, Path] = {}
    for suffix in SUFFIXES:
        for path in paths:
            if path.name.endswith(suffix):
                found.setdefault(_plain(path.name.removesuffix(suffix).partition("-")[0]), path)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(place: Path) -> str | None:
    """Return what the header of a package's description says; the text below it may be long."""
    for path in [*(place / name for name in FILES), place]:
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if not line.strip():
                        break
                    if line.lower().startswith("version:"):
                        return line.partition(":")[2].strip()
    return None
