"""Numpy begins while numba compiles: the same bits whoever does which piece, and no process that anybody notices."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from ksom import kernels
from ksom.hooks.hook import Hook
from ksom.kernels import at_once, compiler, errand, get_backend, numpy_backend
from ksom.kernels.at_once import AtOnce
from ksom.kernels.backend import Backend, OnlineRun, OnlineStep, cut
from ksom.kernels.compiler import Compiler, started
from ksom.kernels.errand import Errand
from ksom.kernels.node_sums import SUM_ROWS
from ksom.kernels.numba import backend as numba_backend
from ksom.kernels.numba.kept_code import kept_in
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.kohonensom_model import KohonenSOM
from ksom.method.distance import Cosine, Distance, Euclidean, Manhattan
from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import Gaussian, Tables, whole_factors
from ksom.runs.run import Outcome
from ksom.samples import Block
from ksom.sparse_rows import SparseRows
from ksom.trainer import Trainer
from tests.hard_cases import gaussian, with_gaps
from tests.moved import move_to_means
from tests.waiting import wait_until

SHOW = Errand("show", "float32", "Euclidean")


class Scripted:
    """A compiler that is done, or is not, as a script says; after its end as it last was."""

    def __init__(self, script: Sequence[bool]) -> None:
        self.script, self.asked = script, 0

    def has(self, errands: Sequence[Errand], soon: Sequence[Errand] = ()) -> bool:
        self.asked += 1
        return self.script[min(self.asked, len(self.script)) - 1]


def handing_over_after(asked: int) -> Scripted:
    return Scripted([False] * asked + [True])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for machine code, for this process and those that it starts."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    kept_in.cache_clear()
    yield tmp_path
    kept_in.cache_clear()


@pytest.fixture(autouse=True)
def _by_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the kernels are there is looked at before every sample."""
    monkeypatch.setattr(at_once, "PIECE_SECONDS", 0.0)
    monkeypatch.setattr(at_once, "LOOK_SECONDS", 0.0)


def learned_online(backend: Backend, distance: Distance, dtype: Any, *, has_gaps: bool) -> bytes:
    chance = np.random.default_rng(0)
    for _ in range(2):
        steps: list[OnlineStep | OnlineRun] = []
        for count in (3, 1, 4):
            values = chance.normal(size=(count, 3)).astype(dtype)
            block = with_gaps(values, chance) if has_gaps else Block(values)
            steps.append(OnlineStep(iter([block]), gaussian(20, 20, dtype, 3.0), 0.3))
            factors = Tables(Gaussian(), Rectangular(20, 20), [2.0, 1.0], dtype)
            steps += cut(block, (count + 1) // 2, factors, [0.2, 0.1][: -(-count // ((count + 1) // 2))])
        backend.show(iter(steps))
    return backend.weights.tobytes()


def learned_in_batches(backend: Backend, distance: Distance, dtype: Any, *, has_gaps: bool) -> bytes:
    chance, told = np.random.default_rng(0), []
    for rows in (2 * SUM_ROWS + 100, 150):
        values = chance.normal(size=(rows, 3)).astype(dtype)
        block = with_gaps(values, chance) if has_gaps else Block(values, 0, None, chance.random(rows))
        sums = backend.node_sums(iter([block.rows(0, SUM_ROWS), block.rows(SUM_ROWS, rows)]))
        told += [sums.sums.tobytes(), sums.counts.tobytes()]
        move_to_means(backend, sums, whole_factors(Gaussian(), Rectangular(10, 9), 2.0))
        some = block.rows(0, 200)
        told += [each.tobytes() for each in (*backend.best_matching_nodes(some, 2), backend.distances(some))]
    return b"".join([*told, backend.weights.tobytes()])


WAYS: list[tuple[Callable[..., bytes], tuple[int, int, int]]] = [
    (learned_online, (20, 20, 3)),
    (learned_in_batches, (10, 9, 3)),
]


KINDS: list[tuple[Distance, Any, bool]] = [
    (Euclidean(), np.float32, False),
    (Euclidean(), np.float64, True),
    (Cosine(), np.float32, False),
    (Manhattan(), np.float32, True),
]


@pytest.mark.parametrize(("distance", "dtype", "has_gaps"), KINDS)
@pytest.mark.parametrize(("learned", "shape"), WAYS)
def test_wherever_numba_takes_over_the_bits_are_numpys(  # noqa: PLR0917 (as many as it takes)
    learned: Any, shape: Any, distance: Distance, dtype: Any, has_gaps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if learned is learned_in_batches:
        monkeypatch.setattr(at_once, "PIECE_SECONDS", 0.001)
    weights = np.random.default_rng(1).normal(size=shape)
    expected = learned(NumpyBackend(weights, dtype, distance), distance, dtype, has_gaps=has_gaps)
    never = Scripted([False])
    monkeypatch.setattr(at_once, "COMPILER", never)
    assert learned(AtOnce(weights, dtype, 2, distance), distance, dtype, has_gaps=has_gaps) == expected
    for asked in range(min(never.asked, 20)):
        monkeypatch.setattr(at_once, "COMPILER", handing_over_after(asked))
        backend = AtOnce(weights, dtype, 2, distance)
        assert learned(backend, distance, dtype, has_gaps=has_gaps) == expected
        assert not isinstance(backend._held, NumpyBackend)


@pytest.mark.parametrize(("learned", "shape"), WAYS)
def test_bits_stay_the_same_however_often_the_work_goes_back_and_forth(
    learned: Any, shape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = np.random.default_rng(1).normal(size=shape)
    expected = learned(NumpyBackend(weights, np.float32), Euclidean(), np.float32, has_gaps=False)
    monkeypatch.setattr(at_once, "PIECE_SECONDS", 0.001)
    for seed in range(5):
        script = np.random.default_rng(seed).random(200) < 0.5
        monkeypatch.setattr(at_once, "COMPILER", Scripted(script.tolist()))
        backend = AtOnce(weights, np.float32, 1, Euclidean())
        assert learned(backend, Euclidean(), np.float32, has_gaps=False) == expected


def test_sparse_samples_may_be_handed_over_between_two_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    full = chance.random((SUM_ROWS + 50, 4)).astype(np.float32)
    begins = np.arange(0, full.size + 1, 4)
    sparse = SparseRows(full.ravel(), np.tile(np.arange(4, dtype=np.int32), len(full)), begins, 4)
    weights = chance.random((5, 6, 4))
    monkeypatch.setattr(at_once, "PIECE_SECONDS", 1.0)
    expected = NumpyBackend(weights, np.float32).node_sums([Block(sparse)])
    for asked in range(4):
        monkeypatch.setattr(at_once, "COMPILER", handing_over_after(asked))
        found = AtOnce(weights, np.float32, 1, Euclidean()).node_sums([Block(sparse)])
        assert found.sums.tobytes() == expected.sums.tobytes()
        assert found.counts.tobytes() == expected.counts.tobytes()


@pytest.mark.parametrize("moves_compiled", [False, True])
def test_who_searches_while_the_nodes_move_changes_nothing(
    moves_compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Half(Scripted):
        """Has what moves nodes, or what searches, and not the other."""

        def has(self, errands: Sequence[Errand], soon: Sequence[Errand] = ()) -> bool:
            return (errands[0].work == "means") is moves_compiled

    for pieces, module in (("PIECE_VALUES", numpy_backend), ("PIECE_WORK", numba_backend)):
        monkeypatch.setattr(module, pieces, 1)
    samples = Block(np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32))
    weights, factors = np.random.default_rng(1).normal(size=(8, 9, 3)), gaussian(8, 9, np.float64, 2.0)
    alone = NumpyBackend(weights, np.float32)
    move_to_means(alone, alone.node_sums([samples]), factors)
    monkeypatch.setattr(at_once, "COMPILER", Half([]))
    backend, looks = AtOnce(weights, np.float32, 1, Euclidean()), 0
    for _ in backend.moving_to_means(backend.node_sums([samples]), factors):
        backend.best_matching_nodes(samples, 1)
        looks += 1
    assert looks
    assert backend.weights.tobytes() == alone.weights.tobytes()


def test_nothing_shown_or_added_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "COMPILER", Scripted([False]))
    backend = AtOnce(np.ones((2, 2, 1)), np.float32, 1, Euclidean())
    backend.show([])
    backend.show([OnlineStep([Block(np.empty((0, 1), np.float32))], gaussian(2, 2, np.float32, 1.0), 0.1)])
    assert backend.node_sums([]).sums.tolist() == [[0]] * 4
    assert backend.best_matching_nodes(Block(np.empty((0, 1), np.float32)), 1)[0].shape == (0, 1)
    assert backend.weights.tolist() == [[[1], [1]]] * 2


class StopsAt4(Hook):
    every = 4

    def after_step(self, run: Any) -> None:
        run.request_stop("enough")


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_a_training_that_stops_before_numba_takes_over_goes_on_after_it(
    algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "LOADING_SECONDS", -1.0)
    monkeypatch.setattr(at_once, "PIECE_SECONDS", 0.01)

    def made(script: Sequence[bool], hooks: Sequence[Hook] = ()) -> Trainer:
        monkeypatch.setattr(at_once, "COMPILER", Scripted(script))
        rows = np.random.default_rng(0).normal(size=(60, 3))
        return Trainer(KohonenSOM(12, 12), rows, iterations=8, algorithm=algorithm, batch_size=50, hooks=hooks)

    whole, begun = made([False]), made([False], [StopsAt4()])
    whole.train()
    assert begun.train() is Outcome.STOPPED
    resumed = made([False, False, False, True])
    resumed.load_state(begun.state(), begun.som.weights)
    resumed.train()
    assert not isinstance(resumed.som.kernels._held, NumpyBackend)  # type: ignore[attr-defined]
    assert resumed.som.weights.tobytes() == whole.som.weights.tobytes()


def test_the_backend_tells_who_was_chosen_whoever_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "COMPILER", Scripted([False]))
    backend = get_backend("auto", np.ones((2, 2, 1)), np.float32, numpy_seconds=100.0)
    assert isinstance(backend, AtOnce)
    assert backend.name == "numba"


def test_numba_asked_for_by_name_is_compiled_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not isinstance(get_backend("numba", np.ones((2, 2, 1)), np.float32), AtOnce)


def test_numba_that_turns_out_not_to_load_leaves_the_work_to_numpy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(at_once, "COMPILER", Scripted([True]))
    monkeypatch.setitem(sys.modules, "ksom.kernels.numba.backend", None)
    backend = AtOnce(np.ones((2, 2, 1)), np.float32, 1, Euclidean())
    assert backend.best_matching_nodes(Block(np.zeros((3, 1), np.float32)), 1)[0].tolist() == [[0]] * 3
    assert isinstance(backend._held, NumpyBackend)
    assert "numpy goes on, with the same bits" in caplog.text


# The process that compiles


def asleep(seconds: float = 60) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])


def failing() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])


def test_as_long_as_it_compiles_there_is_something_to_wait_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = asleep()
    monkeypatch.setattr(compiler, "started", lambda errands: process)
    made = Compiler()
    assert not made.has([SHOW])
    assert not made.has([SHOW])
    made.end()
    assert process.returncode == -signal.SIGKILL


def test_what_others_have_compiled_is_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = asleep()
    monkeypatch.setattr(compiler, "started", lambda errands: process)
    made = Compiler()
    assert not made.has([SHOW])
    SHOW.mark().touch()
    wait_until(lambda: made.has([SHOW]))
    made.end()


def test_a_process_that_fails_leaves_its_errands_to_this_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "started", lambda errands: failing())
    made = Compiler()
    wait_until(lambda: made.has([SHOW]))


def test_a_process_that_hangs_is_ended_and_leaves_its_errands_to_this_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = asleep()
    monkeypatch.setattr(compiler, "started", lambda errands: process)
    monkeypatch.setattr(compiler, "MOST_SECONDS", 0.1)
    made = Compiler()
    wait_until(lambda: made.has([SHOW]))
    assert process.returncode == -signal.SIGKILL


def test_where_no_process_can_be_started_the_work_is_done_here(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert Compiler().has([SHOW])


def test_where_nothing_can_be_kept_no_process_is_started(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "ksom").write_text("a file where the folder should be")
    monkeypatch.setattr(compiler, "started", lambda errands: pytest.fail("started"))
    assert Compiler().has([SHOW])


def test_a_process_of_its_own_is_asked_for_what_comes_up_later(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[Errand]] = []
    monkeypatch.setattr(compiler, "started", lambda errands: (asked.append(list(errands)), failing())[1])
    made, other = Compiler(), SHOW._replace(work="search")
    wait_until(lambda: made.has([SHOW]))
    wait_until(lambda: made.has([SHOW, other]))
    assert asked == [[SHOW], [other]]


def test_several_maps_share_a_process(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[Errand]] = []
    process = asleep()
    monkeypatch.setattr(compiler, "started", lambda errands: (asked.append(list(errands)), process)[1])
    made = Compiler()
    monkeypatch.setattr(at_once, "COMPILER", made)
    for _ in range(3):
        AtOnce(np.ones((2, 2, 1)), np.float32, 1, Euclidean()).best_matching_nodes(Block(np.zeros((3, 1), "f4")), 1)
    made.end()
    assert len(asked) == 1


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="no such priorities there")
@pytest.mark.parametrize(("seconds", "nice"), [(1.0, compiler.NICE), (60.0, 0)])
def test_the_compiler_lets_pass_what_numpy_does_soon(
    seconds: float, nice: int, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, made = asleep(), Compiler()
    monkeypatch.setattr(compiler, "started", lambda errands: process)
    monkeypatch.setattr(at_once, "COMPILER", made)
    backend = get_backend("auto", np.ones((2, 2, 1)), np.float32, numpy_seconds=seconds)
    backend.best_matching_nodes(Block(np.zeros((3, 1), np.float32)), 1)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == max(nice, os.getpriority(os.PRIO_PROCESS, 0))
    made.end()


OTHERS = [
    SHOW._replace(dtype="float64"),
    SHOW._replace(distance="Manhattan"),
    SHOW._replace(work="search"),
    SHOW._replace(how=("gaps",)),
]


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_a_mark_is_not_one_of_another_errand(place: Path, other: Errand) -> None:
    SHOW.mark().touch()
    assert SHOW.is_marked()
    assert not other.is_marked()


def test_a_mark_is_not_one_for_another_processor(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SHOW.mark().touch()
    monkeypatch.setattr(errand, "_processor", lambda: ("another",))
    errand._compiled_for.cache_clear()
    assert not SHOW.is_marked()
    errand._compiled_for.cache_clear()


def test_two_processes_that_compile_the_same_do_so_once(place: Path) -> None:
    tiny = Errand("distances", "float32", "Euclidean")
    processes = [started([tiny]) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert tiny.is_marked()


WAITING = """
import sys, time
from ksom.kernels.compiler import COMPILER
from ksom.kernels.errand import Errand
COMPILER.has([Errand(work, "float64", "Chebyshev", how) for work in ("search", "show") for how in ((), ("gaps",))])
print(COMPILER._process.pid, flush=True)
assert "numba" not in sys.modules
time.sleep(float(sys.argv[1]))
"""


def parent(place: Path, seconds: float) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-c", WAITING, str(seconds)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(place), "PYTHONPATH": str(Path(at_once.__file__).parents[2])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        return process, int(process.stdout.readline())


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


only_with_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")


@only_with_proc
def test_it_ends_with_the_process_that_asked(place: Path) -> None:
    asking, pid = parent(place, 0)
    assert asking.wait(timeout=60) == 0
    wait_until(lambda: not is_there(pid))


@only_with_proc
def test_it_ends_when_the_process_that_asked_is_killed(place: Path) -> None:
    asking, pid = parent(place, 60)
    asking.kill()
    asking.wait()
    wait_until(lambda: not is_there(pid))


@only_with_proc
def test_ctrl_c_is_not_for_it(place: Path) -> None:
    asking, pid = parent(place, 60)
    assert os.getsid(pid) == pid
    asking.send_signal(signal.SIGINT)
    assert asking.wait(timeout=60) != 0
    wait_until(lambda: not is_there(pid))


TRAINING = """
import sys
import time
import numpy as np
import ksom.kernels
from ksom.kernels.compiler import COMPILER
from ksom.algorithms import Online
from ksom.kohonensom_model import KohonenSOM
from ksom.dataset import Dataset
from ksom.trainer import Trainer
from ksom.evaluation import evaluate
ksom.kernels.LOADING_SECONDS = -1.0
compiled = []
if sys.argv[1] == "second":
    from numba.core import event
    class Listener(event.Listener):
        def on_start(self, told): compiled.append(told.data["dispatcher"].__name__)
        def on_end(self, told): pass
    event.register("numba:compile", Listener())
rows = np.random.default_rng(0).normal(size=(300, 20)).astype(np.float32)
holed = np.where(rows > 2, np.nan, rows)
exec(sys.argv[2])
if sys.argv[1] == "first":
    assert COMPILER._wanted
    while not COMPILER.has(list(COMPILER._wanted)):
        time.sleep(0.02)
    assert COMPILER._process is None or COMPILER._process.wait() == 0
trainer.som.save(sys.argv[3])
print(sorted(set(compiled)))
"""

JOBS = {
    "online": "KohonenSOM(20, 20), rows, algorithm='online', iterations=2, calibrate=True",
    "online, single": "KohonenSOM(9, 9, distance='manhattan'), rows, algorithm='online', batch_size=1, iterations=9",
    "online, few": "KohonenSOM(20, 20, dtype='float64'), rows[:20, :3], algorithm='online', iterations=2",
    "online, far": "KohonenSOM(20, 20), np.tile(rows, 7), algorithm='online', iterations=1",
    "online, pushing": "KohonenSOM(9, 9, neighbourhood='mexican_hat'), rows, algorithm=Online(2.0, 0.01), iterations=2",
    "online, cosine": "KohonenSOM(9, 9, distance='cosine'), rows, algorithm='online', iterations=2",
    "online, gaps": "KohonenSOM(9, 9, missing='keep'), holed, algorithm='online', iterations=2, calibrate=True",
    "batch": "KohonenSOM(20, 20), rows, iterations=3, calibrate=True",
    "batch, gaps": "KohonenSOM(20, 20, missing='keep'), holed, iterations=2",
    "batch, weighted": "KohonenSOM(9, 9), Dataset(rows, weights=np.arange(1, 301)), iterations=2",
    "batch, spread": "KohonenSOM(9, 9, lattice='hexagonal', neighbourhood='triangle'), rows, iterations=2",
    "batch, manhattan": "KohonenSOM(9, 9, distance='manhattan'), rows[:, :3], iterations=2",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for machine code that begins empty."""
    return tmp_path_factory.mktemp("kernels")


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_after_a_first_training_the_second_of_its_kind_compiles_nothing_and_writes_the_same(
    shared: Path, job: str, tmp_path: Path
) -> None:
    def trained(which: str) -> str:
        code = f"trainer = Trainer({job}); trainer.train(); evaluate(trainer.som, trainer.dataset)"
        environment = {
            **os.environ,
            "NUMBA_CACHE_DIR": str(shared),
            "PYTHONPATH": str(Path(at_once.__file__).parents[2]),
        }
        command = [sys.executable, "-c", TRAINING, which, code, str(tmp_path / f"{which}.npz")]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    trained("first")
    assert trained("second") == "[]\n"
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
