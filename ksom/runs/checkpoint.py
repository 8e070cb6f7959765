"""Checkpoints: one .npz file each, whole or absent, with a checksum; never a pickle."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.array_files import UNREADABLE
from ksom.errors import CheckpointError
from ksom.whole_files import replace_link, replacing

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
        What `KohonenSOM.load` needs beside the weights: a checkpoint can be loaded as a map.

    Raises
    ------
    OutputError
        If it cannot be written; the checkpoints before it are untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"iteration-{state['iteration']:09d}.npz"
    told = json.dumps({**state, "format_version": FORMAT_VERSION})
    described = json.dumps(about, sort_keys=True)
    with replacing(path) as file:
        np.savez(
            file,
            weights=weights,
            about=np.array(described),
            state=np.array(told),
            checksum=np.array(_checksum(weights, described, told)),
        )
    replace_link(folder / LAST, path.name)
    return path


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the newest whole checkpoint in a folder; None if there is none.

    A damaged one is passed over, with a warning.

    Raises
    ------
    CheckpointError
        If there are checkpoints, but all are damaged.
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
        If it is not to be read, or its checksum is not that of its contents.
    CheckpointError
        If a newer ksom wrote it.
    """
    try:
        with path.open("rb") as whole, np.load(whole, allow_pickle=False) as file:
            weights, checksum = file["weights"], str(file["checksum"])
            about, state = str(file["about"]), str(file["state"])
    except UNREADABLE as error:
        raise DamagedCheckpoint(f"{path}: the checkpoint is damaged ({type(error).__name__})") from error
    if checksum != _checksum(weights, about, state):
        raise DamagedCheckpoint(f"{path}: the checkpoint is damaged (its checksum does not fit)")
    told = json.loads(state)
    if told["format_version"] > FORMAT_VERSION:
        raise CheckpointError(f"{path}: was written by a newer ksom; update ksom to resume from it")
    return Checkpoint(told["iteration"], weights, told)


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


def _checksum(weights: NDArray[Any], *texts: str) -> str:
    digest = hashlib.sha256(f"{weights.shape} {weights.dtype.str}".encode())
    digest.update(np.ascontiguousarray(weights).data)
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()
