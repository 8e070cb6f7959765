"""What a run may be resumed with: the same data, and a configuration that learns the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ksom.errors import CheckpointError, OutputError

LEARNED = ("SEED", "DATASET", "MODEL", "TRAINER")
"""Sections that decide what is learned; the others may change between two parts of a run."""


def require_same_training(folder: Path, state: Mapping[str, Any], config: Mapping[str, Any], data_digest: str) -> None:
    """Refuse to go on with a training, of which a checkpoint holds the state, if it would learn something else.

    Raises
    ------
    CheckpointError
        Showing the difference.
    """
    before, now = dict(_learned(state["config"])), dict(_learned(config))
    changes = [
        f"{key}: {before.get(key, 'absent')} → {now.get(key, 'absent')}"
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    ]
    if changes:
        told = f"the run was begun with another configuration ({'; '.join(changes)})"
        raise CheckpointError(f"{folder}: {told}; resume with the old one, or --restart")
    if state["data_digest"] != data_digest:
        raise CheckpointError(f"{folder}: the run was begun with other data; resume with the same, or --restart")


def refuse_own_result(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse to learn from a file in the run folder, which a new run moves aside.

    Raises
    ------
    OutputError
        Naming it.
    """
    data, initial = config["DATASET"], config["MODEL"]["INITIAL"]
    for key, node in (("DATASET.PATH", data), ("DATASET.WEIGHTS_PATH", data), ("MODEL.INITIAL.PATH", initial)):
        path = node.get(key.rpartition(".")[2]) if isinstance(node, Mapping) else None
        if isinstance(path, str) and Path(path).resolve().is_relative_to(folder.resolve()):
            told = f"{key} {path} lies in the run folder, which a new run moves aside"
            raise OutputError(f"{folder}: {told}; copy it elsewhere, or choose another folder (--output-dir)")


def _learned(config: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    """Return the leaves of the config that decide what is learned; not where files lie: the data have a digest."""
    leaves: list[tuple[str, Any]] = []
    for key, value in config.items():
        here = f"{path}.{key}" if path else key
        if (not path and key not in LEARNED) or here in {"DATASET.PATH", "DATASET.WEIGHTS_PATH", "MODEL.INITIAL.PATH"}:
            continue
        leaves += _learned(value, here) if isinstance(value, Mapping) else [(here, value)]
    return leaves
