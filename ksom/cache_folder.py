"""Where ksom keeps what it can make again: a folder of the user's own."""

import os
import sys
from pathlib import Path

CHOSEN = "KSOM_CACHE"
"""The environment variable that names another folder."""


def cache_folder(name: str) -> Path:
    """Return a folder that nobody else can write to, made if it is not there.

    Parameters
    ----------
    name : str
        What it holds: it is a folder below the user's cache of ksom, or below what KSOM_CACHE names.

    Raises
    ------
    OSError
        If there is no place for it, or others can write to it; its `strerror` tells.
    """
    place = _place()
    for folder in (place, place / name):
        make_own(folder)
    return place / name


def make_own(folder: Path) -> None:
    """Make a folder that is this user's own.

    Raises
    ------
    PermissionError
        If it is there and others may write to it, or it is somebody else's link.
    OSError
        If it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    owners = {found.st_uid, folder.lstat().st_uid}
    if os.name != "nt" and (not owners <= {os.geteuid(), 0} or found.st_mode & 0o022):
        raise PermissionError(0, "somebody else can write to it")


def _place() -> Path:
    chosen = os.environ.get(CHOSEN)
    return Path(chosen) if chosen else usual_place()


def usual_place() -> Path:
    """Return the user's cache of ksom, where the system has such folders.

    Raises
    ------
    FileNotFoundError
        If the user has no home.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or _home(), "ksom", "Cache")
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "ksom"
    return Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache", "ksom")


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise FileNotFoundError(0, "this user has no home") from None
