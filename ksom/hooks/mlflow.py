"""The hook that sends the run to MLflow while it trains."""

import logging
import shlex
import threading
import time
from pathlib import Path

from ksom.arguments import require_string
from ksom.errors import KsomError
from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase
from ksom.runs.run import Outcome, Run
from ksom.runs.run_folder import MAP
from ksom.runs.tracking import STATUS, TrackedRun, experiment_name
from ksom.runs.tracking_record import METRICS
from ksom.runs.tracking_store import (
    ServerAway,
    require_mlflow,
    require_no_password,
    require_uri,
    store_of,
    store_uri,
)

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_BATCHES = 1.0
SHARE_OF_TIME = 0.05
"""What sending may take of the processor while the map learns; what is left then is sent at the end."""
LONGEST_PAUSE = 30.0
"""Seconds until a server that is away is asked again, at most."""
LAST_SECONDS = 60.0
"""How long the end of a training waits for a slow server."""


@HOOKS.register("MLflow")
class MLflow(Hook):
    """Sends the run to MLflow: parameters, metrics, tags, files, and the map as a model that can be served.

    A thread of its own reads the run folder and sends what is new, so a server that is slow or away holds nothing up:
    what it lacks is sent when it answers again, or by `ksom track`. A resumed training goes on with its MLflow run.

    Parameters
    ----------
    uri : str, optional
        An MLflow server or a database, without a password; default the environment variable MLFLOW_TRACKING_URI, else
        the database `mlflow.db` beside the run folder.
    experiment : str, optional
        The MLflow experiment; default the environment variable MLFLOW_EXPERIMENT_NAME, else "ksom".
    run_name : str, optional
        The run's name in MLflow; default the run folder's name.

    Raises
    ------
    NotInstalled
        If MLflow is not.
    ParameterError
        If the address cannot be one.
    """

    phase = Phase.SEND
    needs_folder = True
    every = EVERY_PAUSE

    def __init__(self, uri: str | None = None, experiment: str | None = None, run_name: str | None = None) -> None:
        super().__init__()
        self.uri = None if uri is None else require_uri("uri", require_no_password("uri", uri))
        self.experiment = None if experiment is None else require_string("experiment", experiment, longest=500)
        self.run_name = None if run_name is None else require_string("run_name", run_name, longest=500)
        require_mlflow()
        store_uri(self.uri, Path())
        self._tracked: TrackedRun | None = None
        self._sender: _Sender | None = None

    def check(self, run: Run) -> None:
        """Ask the server for the experiment; one that does not answer is asked again later."""
        if run.folder is None or self._tracked is not None:
            return
        store = store_of(run.folder, self.uri)
        experiment = self.experiment or experiment_name()
        try:
            store.experiment(experiment)
        except ServerAway:
            if not store.is_remote:
                raise
            # the sender asks again, and says so
        self._tracked = TrackedRun(run.folder, store, experiment, self.run_name)

    def before_train(self, run: Run) -> None:
        self.check(run)
        if self._tracked is not None:
            named = ["--uri", self.uri] if self.uri else []
            again = shlex.join(["ksom", "track", *named, str(run.folder)])
            self._sender = _Sender(self._tracked, again)
            self._sender.start()

    def after_train(self, run: Run) -> None:
        if self._sender is None or run.folder is None:
            return
        if not (run.folder / METRICS).is_file():
            logger.warning("mlflow: there is no %s in %s, so MLflow gets no metrics; add the hook METRICS_WRITER",
                           METRICS, run.folder)  # fmt: skip
        has_map = run.outcome is not Outcome.FAILED
        if has_map:  # the experiment writes it too, the same bytes, but later
            run.save(run.folder / MAP)
        self._sender.end(STATUS[run.outcome.value], run.iteration if has_map else None, run.stop_reason)


class _Sender(threading.Thread):
    """Sends what is new, every moment, until the run has ended."""

    def __init__(self, tracked: TrackedRun, again: str) -> None:
        super().__init__(name="mlflow", daemon=True)
        self.tracked = tracked
        self.again = again
        self._ended = threading.Event()
        self._how: tuple[str, int | None, str | None] = ("", None, None)
        self._done = False

    def end(self, status: str, iteration: int | None, reason: str | None) -> None:
        """Send the end, and wait for it."""
        self._how = (status, iteration, reason)
        self._ended.set()
        self.join(LAST_SECONDS)
        if self._done:
            logger.info("mlflow: run %s in %s", self.tracked.run_id, self.tracked.store.name)
        else:
            logger.warning("mlflow: not everything has been sent to %s; `%s` sends the rest",
                           self.tracked.store.name, self.again)  # fmt: skip

    def run(self) -> None:
        pause, is_away = SECONDS_BETWEEN_BATCHES, False
        while not self._done:
            has_ended = self._ended.wait(pause)
            began = time.thread_time()
            try:
                if has_ended:
                    self.tracked.finish(*self._how)
                else:
                    self.tracked.send()
                self._done, is_away = has_ended, False
                pause = max(SECONDS_BETWEEN_BATCHES, (time.thread_time() - began) / SHARE_OF_TIME)
            except ServerAway as error:
                if not is_away:
                    logger.warning("mlflow: %s; the training goes on, what is not sent now is sent later", error)
                pause, is_away = min(2 * pause, LONGEST_PAUSE), True
            except KsomError as error:
                logger.warning("mlflow: %s", error)
                return
            if has_ended:
                return
