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
from ksom.map_file import MapFile, read_with_texts, write
from ksom.whole_files import replace_link

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
LAST = "last.npz"
"""A link to the newest checkpoint."""


class Checkpoint(NamedTuple):
    """A training at a moment."""

    iteration: int
    """Iterations completed."""
    weights: NDArray[Any]
    """Shape (H, W, D), data units."""
    state: dict[str, Any]
    """Everything else: hooks, offsets of files, the data's digest, the config."""


class DamagedCheckpoint(CheckpointError):
    """A checkpoint that is not whole."""


def save_checkpoint(folder: Path, weights: NDArray[Any], state: Mapping[str, Any], about: Mapping[str, Any]) -> Path:
    """Write a checkpoint of `state["iteration"]` and make `last.npz` point to it.

    Parameters
    ----------
    folder : Path
        The folder of checkpoints; made if it is not there.
    weights : ndarray of shape (H, W, D)
        Data units.
    state : mapping
        What JSON can hold.
    about : mapping
        What a map's file tells beside the weights: a checkpoint can be loaded as a map.

    Raises
    ------
    OutputError
        If it cannot be written; the checkpoints before it are untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"iteration-{state['iteration']:09d}.npz"
    write(path, MapFile(weights, **about), state=json.dumps({**state, "format_version": FORMAT_VERSION}))
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
        map_file, (text,) = read_with_texts(path, "state")
        state = json.loads(text)
        iteration, version = int(state["iteration"]), int(state["format_version"])
    except DamagedFile as error:
        raise _damaged(path, str(error).removeprefix(f"{path}: ")) from error
    except DataError as error:
        raise CheckpointError(str(error)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, "it does not tell the state of a training") from error
    if version > FORMAT_VERSION:
        raise CheckpointError(f"{path}: was written by a newer ksom; update ksom to resume from it")
    return Checkpoint(iteration, map_file.weights, state)


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
        paths = [path for path in folder.iterdir() if re.fullmatch(r"iteration-\d+\.npz", path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot be read ({error.strerror})") from error
    return sorted(paths, key=lambda path: int(path.stem.partition("-")[2]))


def _damaged(path: Path, why: str) -> DamagedCheckpoint:
    return DamagedCheckpoint(f"{path}: the checkpoint is damaged ({why})")
