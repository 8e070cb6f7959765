"""A run folder sent to MLflow: while it is written, or later. What MLflow has already is not sent again.

The run folder is the buffer: whatever could not be sent lies in it, and `ksom track` sends it another time.
"""

import logging
import os
import re
import shlex
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from ksom.arguments import require_string
from ksom.errors import ParameterError, TrackingError, quoted
from ksom.experiment_files import CONFIG
from ksom.map_file import read as read_map
from ksom.masking import masked
from ksom.runs.run_folder import IDENTITY, MAP, SUMMARY, RunFolder
from ksom.runs.tracking_record import (
    BATCH_METRICS,
    METRICS,
    Position,
    began,
    configuration,
    files,
    parameters,
    read_json,
    read_steps,
    tags,
)
from ksom.runs.tracking_store import EXPERIMENT, TrackingStore, store_of

logger = logging.getLogger(__name__)

BATCH_PARAMETERS = 100
"""Of one request, MLflow's limit."""
RUN_TAG = "ksom.run"
STATUS = {"completed": "FINISHED", "stopped": "KILLED", "interrupted": "KILLED", "failed": "FAILED"}
"""How a run ended, in MLflow's words."""


class TrackedRun:
    """What MLflow holds of a run folder.

    Parameters
    ----------
    folder : Path
        The run folder.
    store : TrackingStore
        Where it is sent to.
    experiment : str
        The MLflow experiment.
    name : str, optional
        The run's name in MLflow; default the folder's name.
    """

    def __init__(
        self, folder: Path, store: TrackingStore, experiment: str = EXPERIMENT, name: str | None = None
    ) -> None:
        self.folder = folder
        self.store = store
        self.experiment = experiment
        self.name = name or folder.resolve().name
        self._run: Any = None
        self._experiment_id = ""
        self._sent = Position()

    @property
    def run_id(self) -> str:
        """MLflow's id of the run."""
        return str(self._run.info.run_id)

    def send(self) -> bool:
        """Send what MLflow lacks: the run with its parameters and tags, and one request of metrics that are new.

        Returns
        -------
        bool
            Whether there was anything new; then there may be more.

        Raises
        ------
        TrackingError
            If MLflow refuses.
        ServerAway
            If it does not answer; what was sent then is asked for next time, so nothing is sent twice.
        """
        try:
            if self._run is None:
                self._open()
            return self._send_metrics()
        except TrackingError:
            self._run = None
            raise

    def finish(self, status: str, iteration: int | None, reason: str | None = None) -> None:
        """Send the rest: metrics, files, the map, the end of the run.

        Parameters
        ----------
        status : str
            "FINISHED", "KILLED" or "FAILED".
        iteration : int or None
            Iterations that the map in the folder has learned; None if there is no such map.
        reason : str, optional
            Why it ended early.

        Raises
        ------
        TrackingError, ServerAway
            As `send`.
        """
        while self.send():
            pass
        with self.store.answering() as client:
            self.store.require_no_links(client.get_run(self.run_id).info.artifact_uri)
            kept = files(self.folder, with_map=iteration is not None)
            for path in kept:
                client.log_artifact(self.run_id, str(path))
            if iteration is not None and self.folder / MAP in kept and iteration not in self._steps_of_models():
                self._log_map(iteration)
            if reason:
                client.set_tag(self.run_id, "ksom.stopped", masked(reason))
            client.set_terminated(self.run_id, status, int(1000 * self._ended()))

    def _open(self) -> None:
        """Find the run in MLflow, or make it there."""
        experiment_id = self.store.experiment(self.experiment)
        identity = _identity(self.folder)
        with self.store.answering() as client:
            self._experiment_id = experiment_id
            query = f"tags.`{RUN_TAG}` = '{identity}'"
            found = client.search_runs([experiment_id], query, run_view_type=_all_runs(), max_results=1)
            if found and found[0].info.lifecycle_stage == "deleted":
                restore = f"mlflow runs restore --run-id {found[0].info.run_id}"
                raise TrackingError(f"{self.store.name}: the run was deleted; restore it ({restore})")
            self._run = found[0] if found else self._create(client, identity)
            if self._run.info.status != "RUNNING":
                client.update_run(self.run_id, status="RUNNING")
            self._send_parameters(client)
            self._sent = Position(last=self._last_step(client))
        self._remember(identity)

    def _create(self, client: Any, identity: str) -> Any:
        start = int(1000 * (began(self.folder) or time.time()))
        described = {RUN_TAG: identity, **tags(self.folder)}
        return client.create_run(self._experiment_id, start, described, run_name=self.name)

    def _remember(self, identity: str) -> None:
        """Write down where the run is, for whoever looks for it."""
        place = {"run": identity, "run_id": self.run_id, "experiment": self.experiment, "store": self.store.name}
        if read_json(self.folder / IDENTITY) != place:
            RunFolder(self.folder).write_json(IDENTITY, place)

    def _send_parameters(self, client: Any) -> None:
        """Send those that MLflow lacks: a resumed run keeps the parameters it was begun with."""
        from mlflow.entities import Param

        known = self._run.data.params
        new = [Param(key, value) for key, value in parameters(self.folder).items() if key not in known]
        for start in range(0, len(new), BATCH_PARAMETERS):
            client.log_batch(self.run_id, params=new[start : start + BATCH_PARAMETERS])

    def _last_step(self, client: Any) -> int:
        """Return the last iteration that MLflow has metrics of; lines are sent in order, so it has all before it."""
        histories = (client.get_metric_history(self.run_id, key) for key in self._run.data.metrics)
        return max((metric.step for history in histories for metric in history), default=-1)

    def _send_metrics(self) -> bool:
        from mlflow.entities import Metric

        steps, after = read_steps(self.folder / METRICS, self._sent)
        metrics = [
            Metric(key, value, self._run.info.start_time + int(1000 * step.seconds), step.iteration)
            for step in steps
            for key, value in step.values.items()
        ]
        with self.store.answering() as client:
            for start in range(0, len(metrics), BATCH_METRICS):
                client.log_batch(self.run_id, metrics[start : start + BATCH_METRICS])
        is_new = after.offset > self._sent.offset
        self._sent = after
        return is_new

    def _steps_of_models(self) -> set[int]:
        outputs = self.store.client.get_run(self.run_id).outputs
        return {output.step for output in outputs.model_outputs} if outputs else set()

    def _log_map(self, iteration: int) -> None:
        """Log the map as a model that MLflow can load and serve."""
        from mlflow.entities import LoggedModelOutput

        client = self.store.client
        model = client.create_logged_model(self._experiment_id, "map", source_run_id=self.run_id)
        self.store.require_no_links(model.artifact_location)
        with tempfile.TemporaryDirectory() as folder:
            save_model(self.folder / MAP, Path(folder) / "model", model_id=model.model_id, run_id=self.run_id)
            client.log_model_artifacts(model.model_id, str(Path(folder) / "model"))
        client.finalize_logged_model(model.model_id, "READY")
        client.log_outputs(self.run_id, [LoggedModelOutput(model.model_id, iteration)])

    def _ended(self) -> float:
        kept = files(self.folder, with_map=True)
        return max((path.stat().st_mtime for path in kept), default=time.time())


def track(folder: Path, uri: str | None = None, experiment: str | None = None) -> tuple[TrackedRun, str]:
    """Send a run that has ended, or was killed, to MLflow; return what it is there and how it ended.

    Parameters
    ----------
    folder : Path
        The run folder.
    uri : str, optional
        Where to; default the environment variable MLFLOW_TRACKING_URI, else the database `mlflow.db` beside the run
        folder. The folder may be somebody else's, so the address in its configuration is not taken.
    experiment : str, optional
        The MLflow experiment; default what the run's own configuration says, then what the hook takes by default.

    Raises
    ------
    TrackingError
        If the folder holds no run, or MLflow refuses.
    ServerAway
        If the server does not answer.
    OutputError
        If the run is still training.
    """
    run_folder = RunFolder(folder)
    if not run_folder.holds_run:
        raise TrackingError(f"{folder}: is not the folder of a run of ksom")
    store, node = store_of(folder, uri), _tracking_node(folder)
    with run_folder.locked():
        tracked = TrackedRun(folder, store, experiment or _name(folder, node, "EXPERIMENT") or experiment_name(),
                             _name(folder, node, "RUN_NAME"))  # fmt: skip
        if node.get("URI") not in (None, store.uri):
            address = masked(str(node["URI"]))
            logger.warning("%s: was to be sent to %.200r, and is sent to %s; --uri %s sends it there",
                           folder / CONFIG, address, store.name, shlex.quote(address))  # fmt: skip
        status, iteration, reason = _end(folder)
        tracked.finish(status, iteration, reason)
    return tracked, status


def experiment_name() -> str:
    """Return the MLflow experiment that a run belongs to if nothing else is said."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT


def save_model(path: Path, folder: Path, model_id: str, run_id: str) -> None:
    """Write a map as an MLflow model, which needs neither the run folder nor ksom: no pickle in it, but its code."""
    import mlflow
    import numpy as np
    from mlflow.types import ColSpec, Schema, TensorSpec

    held = read_map(path)
    weights = held.weights if held.scales is None else np.nan_to_num(held.scales.undone(held.weights))
    columns = [ColSpec("long", "node"), ColSpec("double", "distance")]
    samples = Schema([TensorSpec(np.dtype(np.float64), (-1, weights.shape[-1]))])
    mlflow.pyfunc.save_model(
        str(folder),
        python_model=str(Path(__file__).with_name("served_map.py")),
        artifacts={"map": str(path)},
        signature=mlflow.models.ModelSignature(inputs=samples, outputs=Schema(columns)),
        input_example=np.asarray(weights.reshape(-1, weights.shape[-1])[:2], dtype=np.float64),
        pip_requirements=[f"mlflow=={mlflow.__version__}", f"numpy=={np.__version__}"],
        mlflow_model=mlflow.models.Model(model_id=model_id, run_id=run_id),
    )


def _tracking_node(folder: Path) -> dict[str, Any]:
    """Return what the run's configuration says of its tracking."""
    hooks = configuration(folder).get("HOOKS")
    nodes = hooks.values() if isinstance(hooks, dict) else ()
    return next((node for node in nodes if isinstance(node, dict) and node.get("NAME") == "MLflow"), {})


def _name(folder: Path, node: dict[str, Any], key: str) -> str | None:
    try:
        return None if node.get(key) is None else require_string(key, node[key], longest=500)
    except ParameterError as error:
        raise TrackingError(f"{folder / CONFIG}: {error}") from None


def _end(folder: Path) -> tuple[str, int | None, str | None]:
    """Return how a run ended, in MLflow's words, what its map has learned, and why it ended early."""
    summary = read_json(folder / SUMMARY)
    iteration, reason = summary.get("iteration"), summary.get("reason")
    if not isinstance(iteration, int | None) or not isinstance(reason, str | None):
        raise TrackingError(f"{folder / SUMMARY}: must hold a whole number as iteration and a text as reason")
    return STATUS.get(str(summary.get("status")), "KILLED"), iteration, reason


def _identity(folder: Path) -> str:
    path = folder / IDENTITY
    identity = read_json(path).get("run")
    if identity is None:
        identity = uuid.uuid4().hex
        RunFolder(folder).write_json(IDENTITY, {"run": identity})
    if not re.fullmatch(r"[0-9a-f]{32}", str(identity)):
        raise TrackingError(f"{path}: run must be 32 hexadecimal digits, got {quoted(identity)}; remove the file")
    return str(identity)


def _all_runs() -> int:
    from mlflow.entities import ViewType

    return int(ViewType.ALL)
