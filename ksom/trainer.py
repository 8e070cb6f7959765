"""The training loop."""

import copy
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, NDArray

from ksom.algorithms import ALGORITHMS, Algorithm, require_bounded
from ksom.arguments import require_boolean, require_integer
from ksom.calibration import calibration
from ksom.compute.compute import Compute
from ksom.compute.computes import as_compute
from ksom.dataset import Dataset
from ksom.errors import DataError, ParameterError, TrainingFailed
from ksom.feed import Feed
from ksom.hooks.calendar import Calendar
from ksom.hooks.hook import Hook
from ksom.hooks.named_hooks import by_phase, checked_state, failing, folder_for
from ksom.kohonensom_model import KohonenSOM
from ksom.masking import masked_values
from ksom.pace import PAUSE_SECONDS, Pace
from ksom.part import held_out
from ksom.registry import node_of
from ksom.runs.growing_files import GrowingFiles
from ksom.runs.resume import LEARNED
from ksom.runs.run import Outcome, Run
from ksom.runs.run_folder import versions_that_matter
from ksom.summary import summarise
from ksom.summing import require_parts
from ksom.under_way import UnderWay

logger = logging.getLogger(__name__)

SAMPLE_SECONDS, VALUE_SECONDS = 20e-6, 1e-9
"""What numpy takes for a sample, and for a weight that it looks at: a first guess of an iteration's time."""


class Trainer:
    """Coordinates a training: shows the data set to the map, iteration by iteration, and tells the hooks.

    Parameters
    ----------
    som : KohonenSOM
        The map; gets its first weights here if it has none.
    dataset : Dataset, array_like of shape (N, D), or sparse matrix
        The samples, data units; their weights only count in batch training.
    iterations : int
        How many iterations, at least 1; each shows one batch.
    batch_size : int
        Samples per iteration; 0: the whole data set.
    shuffle : bool or "auto"
        Show the samples in a new order in every epoch. "auto": where their order matters, so not where "batch" is shown
        all of them in each iteration.
    algorithm : Algorithm or str
        What an iteration does.
    hooks : mapping of str to Hook, or iterable of Hook
        Told of the progress. The keys are the names their states are kept under; by default the classes' names.
    callback_period : int
        Iterations between two calls of a hook that does not say.
    hold_out : float
        Share of the samples that are not learned from, from 0 to 1: those that the map is calibrated on.
    calibrate : bool
        Let the map know at the end, in one search over the samples, which distances are usual: see
        `KohonenSOM.calibrate`. A stop that is asked for comes first.
    seed : int
        Seed of the first weights, of the order of the samples, of the probe and of what is held out.
    folder : Path, optional
        Where hooks put their results; some need one.
    compute : str, Compute, concurrent.futures.Executor or dask.distributed.Client
        Who works, in batch training: "here", "processes" or "dask", or what does. Never changes a bit of what is
        learned. An executor or a client that is given is not shut down.

    Attributes
    ----------
    run : Run
        What hooks see.
    dataset : Dataset
        The samples that are learned from.
    held_out : Dataset or None
        The others.
    feed : Feed
        The samples of each iteration; knows what they are like, and their digest.
    config : mapping
        A description of the training that its checkpoints keep, if there is one.
    files : GrowingFiles
        What hooks append to, in the folder.

    Raises
    ------
    DataError
        If the data cannot be learned from, or do not fit the map.
    ParameterError
        For an argument outside its domain.

    Examples
    --------
    >>> trainer = Trainer(KohonenSOM(4, 4), [[0.0, 0.0], [1.0, 1.0]], iterations=10)
    >>> trainer.train()
    <Outcome.COMPLETED: 'completed'>
    """

    parts = {"algorithm": ALGORITHMS}
    from_elsewhere = ("som", "dataset", "hooks", "callback_period", "calibrate", "seed", "folder", "compute")

    def __init__(
        self,
        som: KohonenSOM,
        dataset: Dataset | ArrayLike,
        *,
        iterations: int = 100,
        batch_size: int = 0,
        shuffle: bool | str = "auto",
        algorithm: Algorithm | str = "batch",
        hooks: Mapping[str, Hook] | Iterable[Hook] = (),
        callback_period: int = 10,
        hold_out: float = 0.0,
        calibrate: bool = False,
        seed: int = 0,
        folder: str | Path | None = None,
        compute: Any = "here",
    ) -> None:
        self.iterations = require_integer("iterations", iterations, minimum=1)
        self.batch_size = require_integer("batch_size", batch_size, minimum=0)
        callback_period = require_integer("callback_period", callback_period, minimum=1)
        self.seed = require_integer("seed", seed, minimum=0)
        if not isinstance(som, KohonenSOM):
            raise ParameterError("som", "be a KohonenSOM, such as KohonenSOM(10, 10)", som)
        self.som = som
        self.calibrate = require_boolean("calibrate", calibrate)
        self.hooks = by_phase(hooks)
        self._calendar = Calendar(self.hooks, self.iterations, callback_period)
        self.algorithm = copy.copy(ALGORITHMS.made("algorithm", algorithm))  # it may serve other trainings as well
        self.algorithm.prepare(som, self.iterations)
        self.compute = self._computing(compute)
        self.shuffle = self._shuffled(shuffle)
        whole = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
        try:
            self.dataset, self.held_out = self._divided(whole, hold_out)
            how: dict[str, Any] = {"compute": self.compute, "told": self._tell_of_reading}
            self.feed = Feed(self.dataset, self.batch_size, self.shuffle, self.seed, som.intake, **how)
            self._require_use_of_samples()
            self._start_map()
        except BaseException:  # a Ctrl-C too: nobody else knows its workers
            self.compute.close()
            raise
        self.config: Mapping[str, Any] = {}
        where = folder_for(self.hooks, folder)
        self.files = GrowingFiles(where, {hook.file: hook.trailer for hook in self.hooks.values() if hook.file})
        self._file_warnings: list[str] = []
        self._is_done = False
        self.run = Run(som, self.iterations, self.feed, where, self.state)
        self.under_way = UnderWay(0)
        self._seconds_per_iteration = self._guessed_seconds()
        self._pace = Pace(self._seconds_per_iteration / self.feed.samples_per_iteration)

    def __repr__(self) -> str:
        return f"Trainer({self.som!r}, {self.dataset!r}, {self.algorithm!r}, {self.run!r})"

    def _shuffled(self, shuffle: Any) -> bool:
        """Return whether to shuffle; "auto": where order matters, for the algorithm or for what is in a batch."""
        if isinstance(shuffle, str) and shuffle == "auto":
            return self.batch_size > 0 or getattr(self.algorithm, "minds_order", True)
        if isinstance(shuffle, bool):
            return shuffle
        raise ParameterError("shuffle", "be true, false or auto", shuffle)

    def _computing(self, given: Any) -> Compute:
        """Return who works; let the algorithm know."""
        compute = as_compute(given)
        if getattr(self.algorithm, "compute", None) is not None:
            self.algorithm.compute = compute
        elif not compute.is_here:
            told = (
                f"be 'here' for {type(self.algorithm).__name__}, which shows samples one after another; or train batch"
            )
            raise ParameterError("compute", told, given)
        compute.check()  # before it reads anything
        return compute

    def _divided(self, dataset: Dataset, share: float) -> tuple[Dataset, Dataset | None]:
        """Return what is learned from and what is held out; where that is something, all of it is looked at first."""
        learned, others = held_out(dataset, share, self.seed)
        if others is not None:
            how: dict[str, Any] = {"compute": self.compute, "told": self._tell_of_reading}
            summarise(dataset, keep_missing=self.som.intake.keeps_missing, with_moments=False, **how)
        return learned, others

    def _tell_of_reading(self, rows: int, of: int) -> None:
        for hook in self.hooks.values():
            hook.while_reading(rows, of)

    def check(self) -> None:
        """Ask the hooks whether they can work, before anything is written.

        Raises
        ------
        KsomError
            If one of them cannot.
        """
        self._tell("check", self.hooks)

    def train(self) -> Outcome:
        """Train until all iterations are done or somebody asks for a stop.

        Every hook's `after_train` runs, in reverse order, even after a failure.

        Raises
        ------
        TrainingFailed
            If it has been called before.
            Or if the map diverges.
        OutputError
            If the folder cannot be written, holds files of another training, or goes away.
        """
        self._begin()
        with self._closing_hooks():
            self._tell("before_train", self.hooks)
            while not self.run.is_over:
                stop = self._next_pause()
                due = self._calendar.due(stop)
                self._tell("before_step", due)
                if not self._learn(stop):
                    break
                self.files.require_folder()
                if self._calendar.want_metrics(due):
                    self.run.metrics.put(**self.algorithm.parameters(stop - 1))
                self._tell("after_step", due)
                self._tell("at_pause", self._calendar.watching())
            self._is_done = self.run.iteration == self.iterations and (not self.calibrate or self._calibrated())
        self.som.about_training["iteration"] = self.run.iteration
        return self.run.outcome

    def state(self) -> dict[str, Any]:
        """Return what a resumed training needs beside the weights; the files of hooks are then on the disk.

        Raises
        ------
        TrainingFailed
            If the state of a hook cannot be kept.
        OutputError
            If the files cannot be.
        """
        return {
            "iteration": self.run.iteration,
            **self.under_way.state(),
            "seconds": self.run.seconds,
            "wall_seconds": self.run.wall_seconds,
            "hooks": {key: checked_state(key, hook) for key, hook in self.hooks.items()},
            "data_digest": self.feed.digest,
            "config": self.config,
            "files": self.files.marks(),
        }

    def provenance(self) -> dict[str, Any]:
        """Return where the map comes from, as its file tells it: what decided what it learned, and the software.

        Neither times nor places: who trains the same again gets the same file.
        """
        described = {
            "seed": self.seed,
            "iterations": self.iterations,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "algorithm": node_of(ALGORITHMS, self.algorithm),
            "samples": len(self.dataset),
            "data_digest": self.feed.digest,
            "versions": versions_that_matter(self.som.kernels.name),
        }
        learned = {key: value for key, value in self.config.items() if key in LEARNED}
        return described | ({"config": masked_values(learned)} if learned else {})

    def load_state(
        self, state: Mapping[str, Any], weights: NDArray[Any], sums: Mapping[str, NDArray[Any]] | None = None
    ) -> None:
        """Go on from `state` and its weights; files that hooks append to go back to where they were.

        Parameters
        ----------
        state : mapping
            What `state` returned.
        weights : ndarray of shape (H, W, D)
            The weights then.
        sums : mapping of str to ndarray, optional
            Those of an iteration that was under way, if they are not in the state.

        Raises
        ------
        CheckpointError
            If the state is not one of a training.
        OutputError
            If the files cannot be written.
        """
        self._file_warnings = self.files.cut_back(state)
        self.som.weights = weights
        self.run.iteration = int(state["iteration"])
        held = state.get("sums", {}) if sums is None else sums
        self.under_way = UnderWay.of_state(state, held, (self.som.lattice.size, self.som.features))
        self.feed.shown = self.under_way.rows
        self.run.seconds = float(state["seconds"])
        self.run.earlier_seconds = float(state.get("wall_seconds", self.run.seconds))
        for key, hook in self.hooks.items():
            hook.load_state(state["hooks"].get(key, {}))

    def _begin(self) -> None:
        if self.run.outcome is not Outcome.RUNNING:
            raise TrainingFailed("this training has ended; make a new Trainer for another one")
        self.compute.check()
        self.files.begin(
            new=[] if self.run.position > (0, 0) else [hook.file for hook in self.hooks.values() if hook.file]
        )
        for line in self._file_warnings:  # now that there is a log
            logger.warning("%s", line)
        self.som.layers.clear()
        self.som.about_training = self.provenance()
        self.run.begin()

    def times(self, hook: Hook) -> str:
        """Say how often a hook acts in the whole training."""
        return self._calendar.rhythm(hook)

    def _learn(self, stop: int) -> bool:
        """Do the iterations up to `stop`; return whether all of them were done before somebody asked for an end."""
        start, learned, began = self.under_way, 0.0, time.perf_counter()
        for under_way in self.algorithm.train(self.som, self.feed, start, stop, self._pace):
            if under_way.iteration == stop:
                continue  # no pause before the hooks that are due there: a checkpoint must have what they wrote
            now = time.perf_counter()
            if now - began >= PAUSE_SECONDS or self.run.stop_reason is not None:
                self._stand_at(under_way, now - began)
                learned += now - began
                self._tell("at_pause", self._calendar.watching())
                if self.run.stop_reason is not None:
                    return False
                began = time.perf_counter()
        require_bounded(self.som, self.feed.range, stop)
        seconds = time.perf_counter() - began
        self._seconds_per_iteration = (learned + seconds) / max(1, stop - start.iteration)
        self._stand_at(UnderWay(stop), seconds)
        return True

    def _stand_at(self, under_way: UnderWay, seconds: float) -> None:
        """Note how far the training is, after some more seconds of learning."""
        self.under_way, self.run.iteration, self.feed.shown = under_way, under_way.iteration, under_way.rows
        self.run.seconds += seconds

    def _calibrated(self) -> bool:
        """Calibrate the map; return whether it came to an end before somebody asked for a stop."""
        on = f"{len(self.dataset)} samples" if self.held_out is None else f"{len(self.held_out)} samples held out"
        logger.info("calibrating the map on %s", on)
        run = self.run
        with self.som.computed_by(self.compute if self.compute.is_ready else None):
            layers = calibration(self.som, self.dataset, self.held_out, is_over=lambda: run.stop_reason is not None)
        self.som.layers |= layers or {}
        return layers is not None

    def _guessed_seconds(self) -> float:
        """Guess an iteration's time: each sample, and the neighbourhood's rows and columns, look at every weight."""
        samples = self.feed.samples_per_iteration
        looks = samples + self.som.height + self.som.width
        return samples * SAMPLE_SECONDS + looks * self.som.lattice.size * self.dataset.features * VALUE_SECONDS

    def _next_pause(self) -> int:
        """Return where to pause: where a hook is due, or after a moment's work. It never changes a bit."""
        now, seconds = self.run.iteration, self._seconds_per_iteration
        moment = max(1, int(PAUSE_SECONDS / seconds)) if seconds else self.iterations
        return min(self._calendar.next_due(now), now + moment)

    def _tell(self, event: str, hooks: Mapping[str, Hook]) -> None:
        for key, hook in hooks.items():
            with failing(key, event):
                getattr(hook, event)(self.run)

    @contextmanager
    def _closing_hooks(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.callback(self._let_workers_go)
            for key, hook in self.hooks.items():
                stack.callback(self._tell, "after_train", {key: hook})
            try:
                yield
            except BaseException:
                self.run.outcome = Outcome.FAILED
                raise
            self.run.outcome = Outcome.COMPLETED if self._is_done else Outcome.STOPPED

    def _let_workers_go(self) -> None:
        self.compute.close()
        if self.feed.sent is not None:  # what was opened of it, by threads of this process too
            self.feed.sent.remove()

    def _require_use_of_samples(self) -> None:
        require_parts(self.som, self.feed, self.compute)
        where = f"dataset {type(self.dataset).__name__}: its samples"
        shows = f"but {type(self.algorithm).__name__} shows samples one by one"
        if self.feed.is_weighted and not getattr(self.algorithm, "weighs_samples", False):
            raise DataError(f"{where} have weights, {shows} and cannot weigh them; train batch")
        if self.feed.is_sparse and not getattr(self.algorithm, "takes_sparse", False):
            raise DataError(f"{where} are sparse, {shows} and moves every feature by each; train batch")

    def _start_map(self) -> None:
        """Give the map its scaling and first weights, if it has none; refuse data of another number of features."""
        work = self.algorithm.work(self.feed.samples_per_iteration)._replace(is_sparse=self.feed.is_sparse)
        self.som.expect(work, self.dataset.features)
        if not self.som.is_initialised:
            self.som.initialise(self.feed, self.feed.range, self.seed)
        if self.som.features != self.dataset.features:
            raise DataError(f"the map's weights have {self.som.features} features, the data {self.dataset.features}")
        self.som.name_features(self.dataset.feature_names, self.dataset.encoding, self.dataset.units)
        self.som.intake = self.feed.intake
