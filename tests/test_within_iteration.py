"""A training may stop in the middle of an iteration, and goes on as if it had not."""

import dataclasses
import importlib.util
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import random as random_sparse

from ksom import Dataset, KohonenSOM
from ksom.errors import CheckpointError, ParameterError
from ksom.hooks import Checkpoint, TimeLimit, Timing
from ksom.hooks.hook import Hook
from ksom.kernels.batch_sums import BatchSums
from ksom.kernels.node_sums import PART_ROWS
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.runs.checkpoint import checkpoint_paths, newest_checkpoint, position_of, read_checkpoint
from ksom.runs.run import Outcome, Run
from ksom.tasks.sight import newest_map
from ksom.trainer import Trainer

CHANCE = np.random.default_rng(0)
POINTS = CHANCE.normal(size=(3 * 4096 + 100, 2))
GAPS = POINTS.copy()
GAPS[::7, 0], GAPS[3::5, 1] = np.nan, np.nan
GAPS[28::35] = 0.0


class Own(Dataset):
    """What an iteration shows is known from its first sample on only."""

    def batch(self, iteration: int, **how: Any) -> Any:
        for start in range(0, len(self.samples), 1500):
            yield self.samples[start : start + 1500] + iteration


KINDS: dict[str, dict[str, Any]] = {
    "online": {"dataset": POINTS[:40], "algorithm": "online"},
    "online, gaps": {"dataset": GAPS[:40], "algorithm": "online", "missing": "keep"},
    "online, many features": {"dataset": CHANCE.normal(size=(70, 130)), "algorithm": "online", "backend": "numba"},
    "batch": {"dataset": POINTS},
    "numba": {"dataset": POINTS, "backend": "numba"},
    "mini-batch": {"dataset": POINTS, "batch_size": 2 * 4096 + 50},
    "gaps": {"dataset": GAPS, "missing": "keep", "backend": "numba"},
    "weights": {"dataset": Dataset(POINTS, CHANCE.integers(0, 3, len(POINTS)))},
    "shuffled": {"dataset": POINTS, "shuffle": True},
    "sparse": {"dataset": random_sparse(9000, 20, 0.1, "csr", random_state=0)},
    "a batch of its own": {"dataset": Own(POINTS)},
}


PAUSES = {"online": 3, "online, gaps": 3, "online, many features": 25}
"""After how many a training is stopped again, where not after each: some trainings take long to be made."""


class StopsAfter(Hook):
    """Asks for a stop at a pause, counted from 1."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self.pauses = pauses

    def at_pause(self, run: Run) -> None:
        self.pauses -= 1
        if self.pauses == 0:
            run.request_stop("enough")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment's work is a sample, or a block of 4,096."""
    for module in ("pace", "trainer"):
        monkeypatch.setattr(f"ksom.{module}.PAUSE_SECONDS", 0.0)


def trainer(kind: str, *hooks: Hook, **changes: Any) -> Trainer:
    how = {**KINDS[kind], **changes}
    of_map = {name: how.pop(name) for name in ("missing", "backend") if name in how}
    return Trainer(KohonenSOM(3, 4, **of_map), how.pop("dataset"), iterations=3, hooks=hooks, **how)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_stopped_again_and_again_within_iterations_has_the_bits_of_one_never_stopped(kind: str) -> None:
    whole = trainer(kind)
    whole.train()
    last, positions = trainer(kind, StopsAfter(1)), []
    while last.train() is not Outcome.COMPLETED:
        positions.append(last.run.position)
        state, weights = last.state(), last.som.weights
        last = trainer(kind, StopsAfter(PAUSES.get(kind, 1)))
        last.load_state(state, weights)
        assert len(positions) == len(set(positions)), positions  # each part comes farther
    assert last.som.weights.tobytes() == whole.som.weights.tobytes()
    assert sum(rows > 0 for _, rows in positions) >= 2  # or nothing was stopped within an iteration


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "online" not in kind])
def test_a_stop_while_winners_are_searched_for_begins_their_block_again(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trainer(kind)
    whole.train()
    monkeypatch.setattr("ksom.summing.SEARCH_SECONDS", 1e-9)  # sample after sample
    monkeypatch.setattr("ksom.pace.Pace.samples_in", lambda _, seconds: 700 if seconds else 1)
    stopped = trainer(kind, StopsAfter(9))
    assert stopped.train() is Outcome.STOPPED
    assert stopped.run.position == (0, 4096)
    again = trainer(kind)
    again.load_state(stopped.state(), stopped.som.weights)
    again.train()
    assert again.som.weights.tobytes() == whole.som.weights.tobytes()


def test_a_stop_within_an_iteration_is_kept_and_gone_on_with(tmp_path: Path) -> None:
    whole = trainer("batch")
    whole.train()
    stopped = trainer("batch", StopsAfter(2), Checkpoint(), folder=tmp_path)
    assert stopped.train() is Outcome.STOPPED
    kept = newest_checkpoint(tmp_path / "checkpoints")
    assert kept is not None
    assert (kept.iteration, kept.rows) == (0, 2 * 4096)
    again = trainer("batch", folder=tmp_path)
    again.load_state(kept.state, kept.weights, kept.sums)
    assert again.run.progress == pytest.approx(2 * 4096 / len(POINTS) / 3)
    again.train()
    assert again.som.weights.tobytes() == whole.som.weights.tobytes()


def test_checkpoints_by_time_are_taken_within_iterations_and_change_nothing(tmp_path: Path) -> None:
    whole = trainer("batch")
    whole.train()
    often = trainer("batch", Checkpoint(minutes=1e-9, keep=99), folder=tmp_path)
    often.train()
    positions = [position_of(path) for path in checkpoint_paths(tmp_path / "checkpoints")]
    assert positions == sorted(positions)
    assert positions[:4] == [(0, 4096), (0, 8192), (0, 12288), (0, 12388)]
    assert often.som.weights.tobytes() == whole.som.weights.tobytes()


def test_a_checkpoint_between_iterations_is_what_it_always_was(tmp_path: Path) -> None:
    trainer("batch", Checkpoint(every=1), folder=tmp_path).train()
    kept = read_checkpoint(checkpoint_paths(tmp_path / "checkpoints")[0])
    assert (kept.state["format_version"], kept.rows, kept.sums) == (1, 0, {})


def test_an_older_ksom_refuses_a_checkpoint_within_an_iteration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer("batch", StopsAfter(2), Checkpoint(), folder=tmp_path).train()
    monkeypatch.setattr("ksom.runs.checkpoint.FORMAT_VERSION", 1)
    with pytest.raises(CheckpointError, match="was written by a newer ksom; update ksom to resume from it"):
        newest_checkpoint(tmp_path / "checkpoints")


def test_sums_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    stopped = trainer("batch", StopsAfter(2))
    stopped.train()
    state = stopped.state()
    for rows, sums, told in [
        (4096, {}, None),
        (PART_ROWS, state["sums"], "there must be sums of 262144 samples"),
        (4096, {**state["sums"], "begun_counts": np.zeros((12, 7))}, r"must fit the sums of the shape \(12, 2\)"),
        (4096, {**state["sums"], "begun_sums": np.zeros(12)}, "its sums must be tables of float64"),
        (4096, {"begun_sums": np.zeros((9, 2)), "begun_counts": np.zeros((9, 1))}, "its sums do not fit the map"),
    ]:
        if told is not None:
            with pytest.raises(CheckpointError, match=told):
                trainer("batch").load_state({**state, "rows": rows}, stopped.som.weights, sums)


def test_the_time_limit_takes_effect_within_an_iteration() -> None:
    limited = trainer("batch", TimeLimit(1e-9))
    assert limited.train() is Outcome.STOPPED
    assert limited.run.position == (0, 4096)


@pytest.mark.parametrize("minutes", [0, -1, "x"])
def test_minutes_are_a_positive_number(minutes: Any) -> None:
    with pytest.raises(ParameterError, match="minutes must be"):
        Checkpoint(minutes=minutes)


def test_sums_come_back_from_their_arrays() -> None:
    stopped = trainer("batch", StopsAfter(2))
    stopped.train()
    sums = stopped.under_way.sums
    assert sums is not None
    again = BatchSums.of_arrays(sums.rows, sums.as_arrays())
    assert dataclasses.asdict(again).keys() == dataclasses.asdict(sums).keys()
    assert again.begun is not None
    assert sums.begun is not None
    assert again.begun.sums.tobytes() == sums.begun.sums.tobytes()


class Told(Hook):
    """Notes after which iterations it acted, where a resume finds it; fails on its way after one of them."""

    def __init__(self, fails_after: int = 0) -> None:
        super().__init__(1)
        self.fails_after, self.acted = fails_after, [0]

    def after_step(self, run: Run) -> None:
        if run.iteration == self.fails_after:
            raise RuntimeError("killed")
        self.acted.append(run.iteration)

    def state(self) -> dict[str, Any]:
        return {"acted": self.acted}

    def load_state(self, state: Any) -> None:
        self.acted = list(state["acted"])


@pytest.mark.parametrize("kind", ["batch", "online"])
def test_no_checkpoint_by_time_comes_before_the_hooks_that_are_due_there(kind: str, tmp_path: Path) -> None:
    killed = trainer(kind, Told(fails_after=2), Checkpoint(minutes=1e-9), folder=tmp_path)
    with pytest.raises(RuntimeError, match="killed"):
        killed.train()
    kept = newest_checkpoint(tmp_path / "checkpoints")
    assert kept is not None
    assert (kept.iteration, kept.state["hooks"]["Told"]["acted"]) == (1, [0, 1])
    again = trainer(kind, Told(), folder=tmp_path)
    again.load_state(kept.state, kept.weights, kept.sums)
    again.train()
    assert again.hooks["Told"].state() == {"acted": [0, 1, 2, 3]}


def test_checkpoints_by_time_are_taken_between_iterations_that_take_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pace", "trainer"):
        monkeypatch.setattr(f"ksom.{module}.PAUSE_SECONDS", 1e-3)
    trainer("online", Checkpoint(every=10**6, minutes=1e-9), Told(), folder=tmp_path, dataset=POINTS[:2]).train()
    assert len(checkpoint_paths(tmp_path / "checkpoints")) == 3


def test_the_clock_of_an_iteration_that_was_gone_on_with_counts_its_part() -> None:
    stopped = trainer("batch", StopsAfter(3))
    stopped.train()
    again = trainer("batch", Timing(1))
    again.load_state(stopped.state(), stopped.som.weights)
    before = again.run.seconds
    again.hooks["Timing"].before_train(again.run)
    again.run.iteration, again.feed.shown, again.run.seconds = 1, 0, before + 1.0
    again.hooks["Timing"].after_step(again.run)
    part = 1 - 3 * 4096 / len(POINTS)
    assert again.run.metrics.latest("seconds_per_iteration") == pytest.approx(1.0 / part)


def test_the_clock_of_an_iteration_of_which_only_the_move_was_left_is_that_of_all_before() -> None:
    stopped = trainer("batch", StopsAfter(4))
    stopped.train()
    assert stopped.run.position == (0, len(POINTS))
    again = trainer("batch", Timing(1))
    again.load_state(stopped.state(), stopped.som.weights)
    assert again.train() is Outcome.COMPLETED


def test_the_newest_map_of_a_run_may_be_within_an_iteration(tmp_path: Path) -> None:
    trainer("batch", StopsAfter(2), Checkpoint(), folder=tmp_path).train()
    path, iteration = newest_map(tmp_path, None)
    assert (path.name, iteration) == ("iteration-000000000+000000008192.npz", 0)


# -- in the middle of the move of the nodes

PIECES = {"numba.backend.PIECE_WORK": 50, "numpy_backend.PIECE_VALUES": 50, "numpy_backend.BAND_VALUES": 5}
"""A moment's work, where a small map is moved as a large one is."""

LARGE: dict[str, dict[str, Any]] = {
    "a product": {},
    "wrapped": {"lattice": Rectangular(7, 6, wrap="both")},
    "hexagonal": {"lattice": Hexagonal(7, 6)},
    "hexagonal, wrapped": {"lattice": Hexagonal(6, 7, wrap="both")},
    "no product": {"neighbourhood": "epanechnikov"},
    "no product, hexagonal": {"neighbourhood": "bubble", "lattice": Hexagonal(7, 6)},
    "no product, wrapped": {"neighbourhood": "triangle", "lattice": Rectangular(7, 6, wrap="both")},
    "sphere": {"distance": "cosine"},
    "gaps": {"missing": "keep"},
    "float64": {"dtype": "float64"},
}
BACKENDS = ["numpy", "numba"] + (["jax"] if importlib.util.find_spec("jax") else [])
EUCLIDEAN_WITHOUT_GAPS = set(LARGE) - {"sphere", "gaps"}
"""All that the backend jax can do."""
MOVES = [
    (backend, kind) for backend in BACKENDS for kind in LARGE if backend != "jax" or kind in EUCLIDEAN_WITHOUT_GAPS
]


def of_large_map(kind: str, backend: str, *hooks: Hook, rows: int = 900, **how: Any) -> Trainer:
    lattice = LARGE[kind].get("lattice", Rectangular(7, 6))
    som = KohonenSOM(lattice.height, lattice.width, backend=backend, threads=1, **{**LARGE[kind], "lattice": lattice})
    samples = (GAPS if kind == "gaps" else POINTS)[:rows]
    return Trainer(som, samples, iterations=3, hooks=hooks, **how)


def moved_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PIECES.items():
        monkeypatch.setattr(f"ksom.kernels.{name}", value)
    if "jax" in BACKENDS:
        monkeypatch.setattr("ksom.kernels.jax.backend.MOVE_WORK", 0)


@pytest.mark.parametrize(("backend", "kind"), MOVES)
def test_a_stop_while_the_nodes_move_is_kept_and_gone_on_with(
    backend: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = of_large_map(kind, backend)
    first = whole.som.weights
    whole.train()
    moved_piece_by_piece(monkeypatch)
    for pauses in (2, 3):  # the first one is after the samples
        folder = tmp_path / str(pauses)
        stopped = of_large_map(kind, backend, StopsAfter(pauses), Checkpoint(), folder=folder)
        assert stopped.train() is Outcome.STOPPED
        assert stopped.run.position == (0, 900)
        assert stopped.som.weights.tobytes() == first.tobytes()
        kept = newest_checkpoint(folder / "checkpoints")
        assert kept is not None
        again = of_large_map(kind, backend)
        again.load_state(kept.state, kept.weights, kept.sums)
        again.train()
        assert again.som.weights.tobytes() == whole.som.weights.tobytes()


@pytest.mark.parametrize(("backend", "kind"), MOVES)
def test_who_looks_at_the_map_while_the_nodes_move_changes_nothing(
    backend: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = of_large_map(kind, backend)
    whole.train()
    moved_piece_by_piece(monkeypatch)
    looks = Looks()
    looked_at = of_large_map(kind, backend, looks)
    looked_at.train()
    assert looked_at.som.weights.tobytes() == whole.som.weights.tobytes()
    assert looks.pauses > 3 * 2  # in each iteration, more than those after the samples and after the move
    assert all(len(answers) == 1 for answers in looks.seen.values())


class Looks(Hook):
    """Searches the map at each pause, and notes what it found where the training stood."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses = 0
        self.seen: dict[tuple[int, int], set[bytes]] = defaultdict(set)

    def at_pause(self, run: Run) -> None:
        self.pauses += 1
        found = run.best_matching_nodes(POINTS[:50])
        self.seen[run.position].add(found.tobytes())


@pytest.mark.parametrize("rows", [900, PART_ROWS, PART_ROWS + 900])
def test_the_sums_of_a_whole_batch_are_those_of_all_its_parts(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.resize(POINTS, (rows, 2))
    made = [Trainer(KohonenSOM(7, 6, backend="numba"), samples, iterations=1) for _ in range(2)]
    made[0].train()
    moved_piece_by_piece(monkeypatch)
    stopped = Trainer(KohonenSOM(7, 6, backend="numba"), samples, iterations=1, hooks=[StopsWithin(rows)])
    assert stopped.train() is Outcome.STOPPED
    assert stopped.under_way.sums is not None
    assert stopped.under_way.sums.begun is None
    made[1].load_state(stopped.state(), stopped.som.weights)
    made[1].train()
    assert made[1].som.weights.tobytes() == made[0].som.weights.tobytes()


class StopsWithin(Hook):
    """Asks for a stop at the second pause after all samples were shown."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows, self.pauses = rows, 0

    def at_pause(self, run: Run) -> None:
        self.pauses += run.position[1] == self.rows
        if self.pauses == 2:
            run.request_stop("enough")
