"""An experiment over a grid of settings and seeds: each a run of its own in one folder, and one table of all.

The same command again goes on: runs that ended are kept, the others resumed. With more values or seeds it is larger.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ksom.amounts import number_of
from ksom.config import as_plain, load_config
from ksom.default_setup import Experiment
from ksom.errors import ConfigError, KsomError, OutputError, shown_key
from ksom.experiment_files import ENVIRONMENT, experiment_file, experiment_name
from ksom.logger import LOGGER
from ksom.regular_files import read_regular
from ksom.runs.resume import LEARNED
from ksom.runs.run_folder import RunFolder
from ksom.runs.tracking_record import leaves, read_json
from ksom.tasks.common_rows import Seen, agreements_of, chosen_rows, seen_by
from ksom.tasks.differences import differences
from ksom.tasks.grid import SEED, Grid, PlannedRun, run_name
from ksom.tasks.run_pool import Ended, Order, Pool
from ksom.tasks.run_worker import INTERRUPTED
from ksom.tasks.sight import finite, sight_of, unless_refused
from ksom.tasks.sweep_results import ENDED, PICTURE, TABLE, Results, RunRow, mark_apart, summarised
from ksom.whole_files import as_json, open_own, replacing, writing

logger = logging.getLogger(__name__)

RECORD, LOCK = "sweep.json", ".lock"
LARGEST_RECORD = 2**26
FORMAT = 1
NOT_ENDED, FAILED = "not ended", "failed"
UNITS = ("MODEL.SCALING", "MODEL.DISTANCE", "DATASET")
"""Keys whose values change what a quantization error is measured in."""


class Swept(NamedTuple):
    """How a sweep ended."""

    folder: Path
    results: Results
    signal: int | None
    """The signal that interrupted it."""


class Sweep:
    """A sweep that is ready: every combination has been built and checked, nothing is written yet.

    Parameters
    ----------
    config_file : str or Path, optional
        The experiment, as `Experiment` takes it.
    grid : Grid
        The keys with their values, and the seeds.
    overrides : sequence of str
        Keys and values in turn, for all runs.
    output_dir : Path, optional
        The sweep's folder; default OUTPUT_DIR/<name>.sweep.

    Raises
    ------
    ConfigError, DataError
        If a combination cannot be run, naming it.
    OutputError
        If the folder holds something else, or a sweep of another experiment.
    """

    def __init__(
        self,
        config_file: str | Path | None,
        grid: Grid,
        overrides: Sequence[str] = (),
        output_dir: Path | None = None,
    ) -> None:
        self.file = None if config_file is None else str(config_file)
        self.overrides = tuple(overrides)
        config = as_plain(load_config(None if self.file is None else experiment_file(self.file), overrides))
        self.name = experiment_name(None if self.file is None else experiment_file(self.file))
        self.folder = output_dir or Path(config["OUTPUT_DIR"]) / f"{self.name}.sweep"
        self.grid = self._in_order_of_before(grid)
        self.shared = self._without_grid(config)
        self.shares_threads = config["THREADS"] == 0 and "THREADS" not in grid.keys
        self._rows: dict[tuple[str, ...], Any] = {}
        digests = self._check_combinations()
        self.before = self._earlier_runs()
        self._require_same_data(digests)

    @property
    def runs(self) -> list[PlannedRun]:
        """Those asked for now, and then those that the folder holds from before."""
        every = list(dict.fromkeys([*self.grid.runs(), *self.before]))
        order = list(dict.fromkeys(run.values for run in every))
        return sorted(every, key=lambda run: (order.index(run.values), run.seed))

    def run(self, jobs: int = 1) -> Swept:
        """Train what is not trained yet, several runs at a time, and write the table.

        Raises
        ------
        OutputError
            If the folder is in use or cannot be written.
        """
        with self._locked():
            self.before = self._earlier_runs()  # another sweep may have ended there since
            asked = self.grid.runs()
            orders = [self._order(run, jobs) for run in asked if self._status(run) not in ENDED]
            self._say_plan(asked, orders)
            self._write_record(Results(self.grid.keys, tuple(self._row(run, {}) for run in self.runs), ()))
            pool, ends = Pool(jobs), dict[str, Ended]()
            for ended in pool.train(orders):
                ends[ended.order.name] = ended
                logger.info("[%d/%d] %s", len(ends), len(orders), self._in_short(ended))
            results = self._results(ends)
            self._write_record(results)
            results.write_csv(self.folder / TABLE)
            results.write_picture(self.folder / PICTURE)
            return Swept(self.folder, results, pool.signal)

    def _in_order_of_before(self, grid: Grid) -> Grid:
        """Return the grid with its keys in the order of the folder's record, by which its runs are called."""
        record = _record(self.folder)
        keys = grid.keys if record is None else _told_by(record, self.folder / RECORD)[0]
        if set(keys) != set(grid.keys):
            return grid
        return Grid(sorted(grid.axes, key=lambda axis: keys.index(axis.key)), grid.seeds)

    def _without_grid(self, config: Mapping[str, Any]) -> dict[str, str]:
        """Return what is learned by all runs alike: the configuration without the grid's keys and the seed."""
        varied = (SEED, *self.grid.keys)
        return {
            key: value
            for key, value in leaves({section: config[section] for section in LEARNED})
            if not any(f"{key}.".startswith(f"{one}.") for one in varied)
        }

    def _earlier_runs(self) -> list[PlannedRun]:
        """Return the runs that the folder holds from before; refuse what is no sweep, or another one."""
        record = _record(self.folder)
        if record is None:
            with writing(self.folder):
                if self.folder.is_dir() and any(not path.name.startswith(".") for path in self.folder.iterdir()):
                    told = f"is not empty and not the folder of a sweep (no {RECORD}); choose another folder (-o)"
                    raise OutputError(f"{self.folder}: {told}")
            return []
        keys, shared, runs = _told_by(record, self.folder / RECORD)
        if set(keys) != set(self.grid.keys):
            told = f"holds a sweep over {_listed(keys)}, not over {_listed(self.grid.keys)}; choose another folder (-o)"
            raise OutputError(f"{self.folder}: {told}")
        if changes := differences([shared, self.shared]):
            told = "; ".join(f"{shown_key(key)}: {old} → {new}" for key, (old, new) in changes.items())
            raise OutputError(
                f"{self.folder}: holds a sweep of another experiment ({told}); choose another folder (-o)"
            )
        known = [(tuple(values[key] for key in self.grid.keys), seed) for values, seed in runs]
        return [PlannedRun(run_name(self.grid.keys, values, seed), values, seed) for values, seed in known]

    def _check_combinations(self) -> dict[tuple[str, ...], str]:
        """Build every combination once, and keep a few rows of its data; return the digests of these."""
        by_digest: dict[str, Any] = {}
        digests: dict[tuple[str, ...], str] = {}
        with _quiet():
            for values in self.grid.combinations:
                trainer = self._checked(values).trainer
                digest = digests[values] = trainer.feed.digest
                if digest not in by_digest:
                    by_digest[digest] = trainer.dataset.rows(chosen_rows(trainer.dataset))
                self._rows[values] = by_digest[digest]
        return digests

    def _checked(self, values: tuple[str, ...]) -> Experiment:
        first = self.grid.seeds[0]
        try:
            experiment = Experiment(self.file, self._words(values, first), self._folder(values, first))
            experiment.trainer.check()
        except KsomError as error:
            raise ConfigError(f"{self._called(values)}{error}") from error
        return experiment

    def _require_same_data(self, digests: Mapping[tuple[str, ...], str]) -> None:
        for values, digest in digests.items() if self.before else ():
            folder = self._folder(values, self.grid.seeds[0])
            if read_json(folder / ENVIRONMENT).get("data_digest", digest) != digest:
                told = "the sweep was begun with other data; sweep the same, or choose another folder (-o)"
                raise OutputError(f"{folder}: {told}")

    def _folder(self, values: tuple[str, ...], seed: int) -> Path:
        return self.folder / run_name(self.grid.keys, values, seed)

    def _called(self, values: Sequence[str]) -> str:
        told = ", ".join(f"{shown_key(key)} {value}" for key, value in zip(self.grid.keys, values, strict=True))
        return f"with {told}: " if told else ""

    def _words(self, values: Sequence[str], seed: int) -> list[str]:
        pairs = [word for pair in zip(self.grid.keys, values, strict=True) for word in pair]
        return [*self.overrides, *pairs, SEED, str(seed)]

    def _order(self, run: PlannedRun, jobs: int) -> Order:
        folder, words = self.folder / run.name, self._words(run.values, run.seed)
        if self.shares_threads and jobs > 1:  # never changes a bit of what is learned
            words += ["THREADS", str(max(1, (os.cpu_count() or 1) // jobs))]
        return Order(run.name, self.file, tuple(words), folder, RunFolder(folder).holds_run)

    def _status(self, run: PlannedRun) -> str | None:
        return unless_refused(lambda: RunFolder(self.folder / run.name).status, [])

    def _say_plan(self, asked: Sequence[PlannedRun], orders: Sequence[Order]) -> None:
        kept, resumed = len(asked) - len(orders), sum(order.resume for order in orders)
        parts = [f"{kept} ended before" if kept else "", f"{resumed} to be resumed" if resumed else ""]
        more = len(set(asked) - set(self.before)) if self.before else 0
        parts += [f"{more} more than before" if more else ""]
        others = len(set(self.before) - set(asked))
        parts += [f"beside {others} of before that are not asked for now" if others else ""]
        told = ", ".join(filter(None, parts))
        logger.info("%s: %s%s", self.folder, number_of("run", len(asked)), f" ({told})" if told else "")

    def _in_short(self, ended: Ended) -> str:
        summary = unless_refused(RunFolder(ended.order.folder).summary, []) or {}
        errors = [
            f"{name.replace('_', ' ')} {summary[name]:.4g}"
            for name in ("quantization_error", "topographic_error")
            if isinstance(summary.get(name), float)
        ]
        why = f": {ended.why}" if ended.why and ended.status != INTERRUPTED else ""
        return f"{ended.order.name}: {', '.join([ended.status + why, *errors])}"

    def _row(self, run: PlannedRun, ends: Mapping[str, Ended]) -> RunRow:
        """Return what the run's folder tells of it, and, if it tells nothing, how it ended."""
        folder, ended = RunFolder(self.folder / run.name), ends.get(run.name)
        summary = unless_refused(folder.summary, [])
        if summary is None or (ended is not None and ended.status == FAILED):
            status, why = (NOT_ENDED, None) if ended is None else (ended.status, ended.why)
            return RunRow(run.name, run.values, run.seed, status, why)
        told = {name: finite(summary.get(name)) for name in _NUMBERS}
        row = RunRow(run.name, run.values, run.seed, str(summary["status"]), summary.get("reason"))
        row.quantization_error, row.topographic_error = told["quantization_error"], told["topographic_error"]
        row.seconds_learning, row.seconds = told["seconds_learning"], told["seconds_wall"]
        return row

    def _results(self, ends: Mapping[str, Ended]) -> Results:
        rows = [self._row(run, ends) for run in self.runs]
        notes, agreements = self._notes(), dict[tuple[str, ...], list[float]]()
        for values in dict.fromkeys(row.values for row in rows):
            ended = [row for row in rows if row.values == values and row.status in ENDED]
            agreements[values] = self._look(values, ended, notes)
        return summarised(self.grid.keys, rows, list(dict.fromkeys(notes)), agreements)

    def _look(self, values: tuple[str, ...], rows: Sequence[RunRow], notes: list[str]) -> list[float]:
        """Measure a combination's maps with the same rows; return how well each two agree."""
        samples = self._rows.get(values)
        if samples is None and not any(key.startswith("DATASET") for key in self.grid.keys):  # of before: the same data
            samples = next(iter(self._rows.values()))
        if samples is None:
            return []
        seen = [unless_refused(partial(self._seen, row.name, samples), notes) for row in rows]
        there = [(row, each) for row, each in zip(rows, seen, strict=True) if each is not None]
        for row, each in there:
            row.explained_variance = each.measures["explained_variance"]
        found = agreements_of([each for _, each in there]) if len(there) > 1 else None
        if found is None:
            return []
        pairs = {(i, j): found.between(i, j) for i in range(len(there)) for j in range(i)}
        for place, (row, _) in enumerate(there):
            own = [pair for both, pair in pairs.items() if place in both and pair.share is not None]
            if own:
                row.agreement = sum(pair.share or 0.0 for pair in own) / len(own)
                row.chance = sum(pair.chance or 0.0 for pair in own) / len(own)
        mark_apart([row for row, _ in there])
        self._say_other_data([row for row, _ in there], notes)
        return [pair.share for pair in pairs.values() if pair.share is not None]

    def _seen(self, name: str, samples: Any) -> Seen:
        return seen_by(sight_of(self.folder / name, with_data=False).som, samples)

    def _say_other_data(self, rows: Sequence[RunRow], notes: list[str]) -> None:
        digests = {read_json(self.folder / row.name / ENVIRONMENT).get("data_digest") for row in rows}
        if len(digests) > 1:
            first = self.grid.seeds[0]
            told = f"agreement and explained variance are by those of seed {first}"
            notes.append(f"the data differ from seed to seed; {told}; DATASET.SEED {first} keeps them the same")

    def _notes(self) -> list[str]:
        varied = [key for key in self.grid.keys if key.startswith(UNITS)]
        if not varied:
            return []
        told = "quantization errors are in units that differ; explained variance has none"
        return [f"{_listed(varied)} varies: {told}"]

    def _write_record(self, results: Results) -> None:
        about = {
            "format": FORMAT,
            "experiment": self.name,
            "grid": {key: list(dict.fromkeys(run.values[at] for run in self.runs))
                     for at, key in enumerate(self.grid.keys)},
            "seeds": list(dict.fromkeys(run.seed for run in self.runs)),
            "config": self.shared,
        }  # fmt: skip
        with replacing(self.folder / RECORD) as file:
            file.write(as_json({**about, **results.as_dict()}, indent=2))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep every other sweep out of the folder, which is made if it is not there."""
        import filelock

        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            open_own(self.folder / LOCK, create=True).close()
            lock = filelock.FileLock(self.folder / LOCK, timeout=0)
            try:
                lock.acquire()
            except filelock.Timeout:
                told = "another sweep is running there; wait, or choose another folder (-o)"
                raise OutputError(f"{self.folder}: {told}") from None
        try:
            yield
        finally:
            lock.release()


_NUMBERS = ("quantization_error", "topographic_error", "seconds_learning", "seconds_wall")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep each combination from saying which backend it would choose."""
    level = LOGGER.level
    LOGGER.setLevel(logging.WARNING)
    try:
        yield
    finally:
        LOGGER.setLevel(level)


def _record(folder: Path) -> Any:
    """Return what the folder's record holds; None if there is none."""
    path = folder / RECORD
    try:
        return json.loads(read_regular(path, LARGEST_RECORD))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or "it is damaged"
        raise OutputError(f"{path}: cannot be read ({why}); restore it, or choose another folder (-o)") from error


def _told_by(record: Any, path: Path) -> tuple[list[str], dict[str, str], list[tuple[dict[str, str], int]]]:
    """Return the keys, the shared configuration and the runs that a record tells."""
    try:
        keys = [str(key) for key in record["grid"]]
        shared = {str(key): str(value) for key, value in record["config"].items()}
        runs = [({key: str(run["values"][key]) for key in keys}, int(run["seed"])) for run in record["runs"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutputError(f"{path}: does not tell of a sweep; restore it, or choose another folder (-o)") from error
    return keys, shared, runs


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(map(shown_key, keys)) or "seeds alone"
