"""What a run folder tells, in MLflow's words: parameters, tags, steps, files."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ksom.runs.run_folder import CONFIG, ENVIRONMENT

logger = logging.getLogger(__name__)

METRICS, MAP = "metrics.jsonl", "map.npz"
BATCH_METRICS = 1000
"""Of one request, MLflow's limit."""
LONGEST_PARAMETER = 6000
"""Characters, MLflow's limit."""
LONGEST_NAME = 250

EVENTS = "events.out.tfevents"
IDENTITY = "mlflow.json"
"""By what the run is found again in MLflow."""


class Step(NamedTuple):
    """A line of metrics.jsonl."""

    iteration: int
    seconds: float
    """Spent learning until then: what MLflow shows as the time of the step."""
    values: dict[str, float]


class Position(NamedTuple):
    """How far a metrics.jsonl has been read."""

    last: int = -1
    """Iterations up to this one are left out."""
    offset: int = 0
    """Bytes."""
    timed: int = 0
    """The last iteration that told its time."""
    seconds: float = 0.0


def read_steps(path: Path, position: Position) -> tuple[list[Step], Position]:
    """Return the next whole lines of a file that may still grow, for one request, and the position after them."""
    steps: list[Step] = []
    if not path.is_file():
        return steps, position
    last, offset, timed, seconds = position
    count = 0
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                break
            told = json.loads(line)
            iteration = int(told.pop("iteration"))
            seconds += (iteration - timed) * (told.get("seconds_per_iteration") or 0.0)
            timed = iteration if "seconds_per_iteration" in told else timed
            values = {_key(key): float("nan") if value is None else value for key, value in told.items()}
            count += len(values)
            if steps and count > BATCH_METRICS:
                break
            offset += len(line)
            position = Position(max(last, iteration), offset, timed, seconds)
            if iteration > last:
                steps.append(Step(iteration, seconds, values))
    return steps, position


def parameters(folder: Path) -> dict[str, str]:
    """Return a run's resolved config, flat, such as {"MODEL.WIDTH": "10"}; values too long for MLflow are shortened."""
    try:
        config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    flat = {_key(key): value for key, value in _leaves(config)}
    for key in (key for key, value in flat.items() if len(value) > LONGEST_PARAMETER):
        logger.info("MLflow: %s is longer than %d characters and shortened; config.yaml has it whole",
                    key, LONGEST_PARAMETER)  # fmt: skip
        flat[key] = f"{flat[key][: LONGEST_PARAMETER - 1]}…"
    return flat


def tags(folder: Path) -> dict[str, str]:
    """Return versions, backend, the commit of the experiment's repository and the digest of the data."""
    told = environment_of(folder)
    versions = {f"version.{name}": version for name, version in told.get("packages", {}).items()}
    known = {
        "version.python": told.get("python"),
        **versions,
        "ksom.backend": told.get("backend"),
        "ksom.data_digest": told.get("data_digest"),
        "mlflow.source.name": "ksom",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": told.get("git_commit"),
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def began(folder: Path) -> float | None:
    """Return when the run began or was last resumed, seconds since 1970; None if the folder does not tell."""
    path = folder / ENVIRONMENT
    return path.stat().st_mtime if path.is_file() else None


def files(folder: Path, *, with_map: bool) -> list[Path]:
    """Return the files to be kept beside the metrics; a map only if it is the newest.

    No checkpoints; nor what TensorBoard reads, because a page of all runs would show the copies as further runs.
    """
    left_out = {IDENTITY} if with_map else {IDENTITY, MAP}
    every = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [path for path in every if path.name not in left_out and not path.name.startswith(EVENTS)]


def environment_of(folder: Path) -> dict[str, Any]:
    """Return what environment.json holds; nothing if there is none."""
    path = folder / ENVIRONMENT
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, node if isinstance(node, str) else json.dumps(node, ensure_ascii=False, default=str)


def _key(name: str) -> str:
    """Return a name that MLflow takes."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:LONGEST_NAME]
