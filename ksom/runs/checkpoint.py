"""Checkpoints: the file of a map each, with the state of its training in it."""

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ksom.array_files import DamagedFile
from ksom.errors import CheckpointError, DataError
from ksom.map_file import MapFile, read_with_state, read_with_texts, write
from ksom.whole_files import replace_link

logger = logging.getLogger(__name__)

FORMAT_VERSION = 2
"""Of a checkpoint within an iteration, which older versions do not know; all others are as they always were, 1."""

LAST = "last.npz"
"""A link to the newest checkpoint."""

_NAME = re.compile(r"iteration-(\d+)(?:\+(\d+))?\.npz")


class Checkpoint(NamedTuple):
    """A training at a moment."""

    iteration: int
    """Iterations completed."""
    weights: NDArray[Any]
    """Shape (H, W, D), data units."""
    state: dict[str, Any]
    """Everything else: hooks, offsets of files, the data's digest, the config."""
    sums: dict[str, NDArray[Any]] = {}
    """Of an iteration under way, the sums so far; see `BatchSums`."""

    @property
    def rows(self) -> int:
        """How many samples of the next iteration were shown."""
        return int(self.state.get("rows", 0))


class DamagedCheckpoint(CheckpointError):
    """A checkpoint that is not whole."""


def save_checkpoint(folder: Path, weights: NDArray[Any], state: Mapping[str, Any], about: Mapping[str, Any]) -> Path:
    """Write a checkpoint and make `last.npz` point to it.

    Parameters
    ----------
    folder : Path
        The folder of checkpoints; made if it is not there.
    weights : ndarray of shape (H, W, D)
        Data units.
    state : mapping
        What JSON can hold, `iteration` and perhaps `rows`, samples of the next one that were shown, among it; and
        `sums`, arrays by name, if there are such.
    about : mapping
        What a map's file tells beside the weights: a checkpoint can be loaded as a map.

    Raises
    ------
    OutputError
        If it cannot be written; the checkpoints before it are untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, sums = state.get("rows", 0), state.get("sums", {})
    path = folder / f"iteration-{state['iteration']:09d}{f'+{rows:012d}' if rows else ''}.npz"
    told = {key: value for key, value in state.items() if key != "sums"}
    text = json.dumps({**told, "format_version": FORMAT_VERSION if rows else 1})
    write(path, MapFile(weights, **about), sums, state=text)
    replace_link(folder / LAST, path.name)
    return path


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the newest whole checkpoint in a folder; None if there is none.

    A damaged one is passed over, with a warning.

    Raises
    ------
    CheckpointError
        If there are checkpoints, but all are damaged, or the newest that is not damaged cannot be used.
    """
    paths = checkpoint_paths(folder)
    for path in reversed(paths):
        try:
            return read_checkpoint(path)
        except DamagedCheckpoint as error:
            logger.warning("%s; trying the one before it", error)
    if paths:
        raise CheckpointError(f"{folder}: all {len(paths)} checkpoints are damaged; --restart begins anew")
    return None


def read_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint.

    Raises
    ------
    DamagedCheckpoint
        If its contents do not fit together, or its checksum is not theirs.
    CheckpointError
        If it may not be read, or a newer ksom wrote it.
    """
    try:
        map_file, text, sums = read_with_state(path, "state")
        state = json.loads(text)
        iteration, version, rows = int(state["iteration"]), int(state["format_version"]), int(state.get("rows", 0))
    except DamagedFile as error:
        raise _damaged(path, str(error).removeprefix(f"{path}: ")) from error
    except DataError as error:
        raise CheckpointError(str(error)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, "it does not tell the state of a training") from error
    if version > FORMAT_VERSION:
        raise CheckpointError(f"{path}: was written by a newer ksom; update ksom to resume from it")
    if rows < 0 or iteration < 0:
        raise _damaged(path, "it does not tell the state of a training")
    return Checkpoint(iteration, map_file.weights, state, sums)


def is_checkpoint(path: Path) -> bool:
    """Return whether a file is a map with the state of a training; what cannot be read is none."""
    try:
        read_with_texts(path, "state")
    except (DataError, KeyError):
        return False
    return True


def checkpoint_paths(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder, oldest first.

    Raises
    ------
    CheckpointError
        If the folder may not be read.
    """
    try:
        paths = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot be read ({error.strerror})") from error
    return sorted(paths, key=position_of)


def position_of(path: Path) -> tuple[int, int]:
    """Return from a checkpoint's name how many iterations were completed, and samples of the next one shown."""
    found = _NAME.fullmatch(path.name)
    assert found is not None
    return int(found[1]), int(found[2] or 0)


def _damaged(path: Path, why: str) -> DamagedCheckpoint:
    return DamagedCheckpoint(f"{path}: the checkpoint is damaged ({why})")
