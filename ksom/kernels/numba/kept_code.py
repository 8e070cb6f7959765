"""Where machine code is kept: a folder for each version of the kernels, found without loading a compiler."""

import hashlib
import logging
import os
import shutil
import sys
from functools import cache
from pathlib import Path

from ksom.cache_folder import make_own, usual_place

logger = logging.getLogger(__name__)

VERSIONS = 4
"""For so many versions of the kernels machine code is kept: one takes a few megabytes."""


@cache
def kept_in() -> Path | None:
    """Return the folder of these sources' machine code; None if there is no place for it, which is told."""
    chosen = _numba_cache_dir()
    place = Path(chosen, "ksom") if chosen else Path()
    try:
        place = (place if chosen else usual_place()) / "kernels"
        folder = place / _digest_of_sources()
        is_new = not folder.exists()
        for each in (place.parent, place, folder):
            make_own(each)
    except OSError as error:
        tell_of_no_place(place, error.strerror or str(error))
        return None
    if is_new:
        _forget_others(folder)
    return folder


def _numba_cache_dir() -> str:
    """Return what NUMBA_CACHE_DIR names; as numba knows it, which may have it from a file, once it is loaded."""
    config = getattr(sys.modules.get("numba"), "config", None)
    chosen: str = os.environ.get("NUMBA_CACHE_DIR", "") if config is None else config.CACHE_DIR
    return chosen


def _digest_of_sources() -> str:
    """Return what tells this version of the kernels from others: of all that a kernel may take in, or be given."""
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), *here.parent.glob("*.py")])
    if not sources:
        raise FileNotFoundError("the kernels' sources are not there")
    digest = hashlib.sha256()
    for source in sources:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _forget_others(newest: Path) -> None:
    """Delete the machine code of all but the newest versions of the kernels."""
    others = sorted((each for each in newest.parent.iterdir() if each != newest), key=_changed)
    for old in others[: max(0, len(others) - VERSIONS + 1)]:
        shutil.rmtree(old, ignore_errors=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process deletes it as well
        return 0


@cache
def tell_of_no_place(folder: Path, why: str) -> None:
    """Tell, once, that machine code cannot be kept."""
    told = "compiled kernels cannot be kept, every run compiles them anew, for about 10 seconds"
    logger.warning("%s: %s (%s); set NUMBA_CACHE_DIR to a folder of your own that can be written", folder, told, why)
