"""What a run folder tells, in MLflow's words: parameters, tags, steps, files.

The folder may be somebody else's: no link in it is followed, and nothing in it is read without a bound.
"""

import json
import logging
import math
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ksom.errors import TrackingError, quoted
from ksom.experiment_files import CONFIG, ENVIRONMENT
from ksom.masking import masked, masked_setting
from ksom.plain_yaml import parsed
from ksom.regular_files import open_regular, read_regular
from ksom.runs.run_folder import IDENTITY, MAP

logger = logging.getLogger(__name__)

METRICS = "metrics.jsonl"
BATCH_METRICS = 1000
"""Of one request, MLflow's limit."""
LONGEST_PARAMETER = 6000
"""Characters, MLflow's limit."""
LONGEST_NAME = 250

EVENTS = "events.out.tfevents"
LARGEST_TEXT = 2**19
"""Bytes of a config.yaml or a JSON file; what ksom writes has thousands."""
LONGEST_LINE = 2**20
"""Bytes of a line of metrics.jsonl."""


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


def read_steps(path: Path, position: Position) -> tuple[list[Step], Position]:
    """Return the next whole lines of a file that may still grow, for one request, and the position after them.

    Raises
    ------
    TrackingError
        If a line is none of metrics.
    """
    steps: list[Step] = []
    if not path.exists():
        return steps, position
    last, count = position.last, 0
    with _no_link(path), open_regular(path) as file:
        file.seek(position.offset)
        while line := file.readline(LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
                break
            step = _step(line, f"{path}: byte {position.offset}")
            count += len(step.values)
            if steps and count > BATCH_METRICS:
                break
            position = Position(max(last, step.iteration), position.offset + len(line))
            if step.iteration > last:
                steps.append(step)
    return steps, position


def _step(line: bytes, where: str) -> Step:
    try:
        values = json.loads(line)
        iteration, seconds = int(values.pop("iteration")), values.pop("seconds", None)
        if seconds is None:  # written before there was such a key
            seconds = iteration * (values.get("seconds_per_iteration") or 0.0)
        if not (0 <= iteration < 2**63 and 0 <= seconds < math.inf):
            raise ValueError
        return Step(iteration, seconds, {_key(key): math.nan if value is None else float(value)
                                         for key, value in values.items()})  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        must = "a line of metrics must be a JSON object of numbers with an iteration"
        raise TrackingError(f"{where}: {must}, got {quoted(line)}; remove the line") from None


def configuration(folder: Path) -> dict[str, Any]:
    """Return a run's resolved config; nothing if there is none.

    Raises
    ------
    TrackingError
        If config.yaml is something else.
    """
    path = folder / CONFIG
    try:
        config = parsed(_content(path).decode() or "{}")
    except ValueError as error:
        raise TrackingError(f"{path}: cannot be read as a YAML file ({error})") from None
    return _mapping(path, config)


def parameters(folder: Path) -> dict[str, str]:
    """Return a run's resolved config, flat, such as {"MODEL.WIDTH": "10"}; values too long for MLflow are shortened."""
    config = configuration(folder)
    flat = {_key(key): value for key, value in leaves(config)}
    for key in (key for key, value in flat.items() if len(value) > LONGEST_PARAMETER):
        logger.info("MLflow: %s is longer than %d characters and shortened; config.yaml has it whole",
                    key, LONGEST_PARAMETER)  # fmt: skip
        flat[key] = f"{flat[key][: LONGEST_PARAMETER - 1]}…"
    return flat


def tags(folder: Path) -> dict[str, str]:
    """Return versions, backend, the commit of the experiment's repository and the digest of the data."""
    path = folder / ENVIRONMENT
    environment = read_json(path)
    packages = _mapping(path, environment.get("packages", {}))
    versions = {f"version.{_key(name)}": value for name, value in packages.items()}
    known = {
        "version.python": environment.get("python"),
        **versions,
        "ksom.backend": environment.get("backend"),
        "ksom.data_digest": environment.get("data_digest"),
        "mlflow.source.name": "ksom",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": environment.get("git_commit"),
    }
    return {name: masked(str(value)) for name, value in known.items() if value is not None}


def began(folder: Path) -> float | None:
    """Return when the run began or was last resumed, seconds since 1970; None if the folder does not tell."""
    path = folder / ENVIRONMENT
    return path.stat().st_mtime if path.is_file() else None


def files(folder: Path, *, with_map: bool) -> list[Path]:
    """Return the files to be kept beside the metrics; a map only if it is the newest.

    No checkpoints; nor what TensorBoard reads, because a page of all runs would show the copies as further runs.
    """
    left_out = {IDENTITY} if with_map else {IDENTITY, MAP}
    every = sorted(path for path in folder.iterdir() if stat.S_ISREG(path.lstat().st_mode))
    return [path for path in every if path.name not in left_out and not path.name.startswith((".", EVENTS))]


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; nothing if there is no file.

    Raises
    ------
    TrackingError
        If it is something else.
    """
    try:
        return _mapping(path, json.loads(_content(path) or b"{}"))
    except (ValueError, RecursionError):
        raise TrackingError(f"{path}: cannot be read as a JSON file; restore or remove it") from None


def _mapping(path: Path, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise TrackingError(f"{path}: must hold a mapping of keys to values, got a {type(content).__name__}")
    return content


def _content(path: Path) -> bytes:
    if not path.exists():
        return b""
    with _no_link(path):
        return read_regular(path, LARGEST_TEXT)


@contextmanager
def _no_link(path: Path) -> Iterator[None]:
    """Read a file of the run folder: a link may lead out of it."""
    try:
        if path.is_symlink():
            raise OSError(0, "it is a link, which may lead out of the run folder")
        yield
    except OSError as error:
        raise TrackingError(f"{path}: cannot be read ({error.strerror or error})") from error


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the keys of a configuration, such as MODEL.WIDTH, and what they are set to, as text."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, node if isinstance(node, str) else json.dumps(node, ensure_ascii=False, default=str)


def shown_leaves(config: Any) -> Iterator[tuple[str, str]]:
    """Yield the same as it may be shown: a configuration written by hand may hold secrets."""
    yield from ((key, masked_setting(key, value)) for key, value in leaves(config))


def _key(name: str) -> str:
    """Return a name that MLflow takes."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:LONGEST_NAME]
