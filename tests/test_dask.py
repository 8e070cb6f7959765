"""Workers of Dask give the bits of one process, whatever becomes of them, and what cannot work says so in a line."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import random as random_sparse

import ksom
from ksom import Dataset
from ksom.compute.compute import NOT_YET, results
from ksom.compute.dask import Dask
from ksom.compute.dask_executor import DaskExecutor
from ksom.errors import ComputeError, KsomError, NotInstalled, ParameterError

pytest.importorskip("distributed")

from distributed import Client, KilledWorker

from tests.dask_cluster import DaskCluster
from tests.killing_data import Killing
from tests.waiting import wait_until

pytestmark = [  # a LocalCluster leaves sockets to the garbage collector
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CHANCE = np.random.default_rng(0)
POINTS = CHANCE.normal(size=(2 * 262_144 + 1000, 3)).astype("float32")
GAPS = POINTS.copy()
GAPS[::7, 0], GAPS[3::5, 1] = np.nan, np.nan
KINDS: dict[str, dict[str, Any]] = {
    "dense": {"data": POINTS},
    "numba": {"data": POINTS, "backend": "numba"},
    "mini-batch": {"data": POINTS, "batch_size": 262_144 + 500, "shuffle": True},
    "gaps": {"data": GAPS, "missing": "keep"},
    "weighted": {"data": Dataset(POINTS, CHANCE.integers(0, 3, len(POINTS)))},
    "sparse": {"data": random_sparse(len(POINTS), 20, 0.05, "csr", random_state=0)},
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    made = DaskCluster(tmp_path_factory.mktemp("cluster"))
    made.worker()
    made.worker()
    yield made
    made.close()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[DaskCluster]:
    """A scheduler without workers."""
    made = DaskCluster(tmp_path / "cluster")
    yield made
    made.close()


def weights(compute: Any = "here", *, data: Any = POINTS, iterations: int = 2, **how: Any) -> bytes:
    return ksom.train(data, 3, 4, iterations, algorithm="batch", compute=compute, **how).weights.tobytes()


@dataclass(frozen=True)
class Doubled:
    """What a worker does that has not much to do."""

    seconds: float = 0.0
    worker_bytes: int = 0

    def __call__(self, part: int) -> int:
        time.sleep(self.seconds)
        return 2 * part

    def name(self, part: int) -> str:
        return f"part {part}"


# -- the same bits


@pytest.mark.parametrize("kind", KINDS)
def test_the_workers_of_an_address_give_the_bits_of_one_process(cluster: DaskCluster, kind: str) -> None:
    assert weights(Dask(cluster.address), **KINDS[kind]) == weights(**KINDS[kind])


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_of_this_machine_give_the_bits_of_one_process(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dask, "start_seconds", 0.0)
    assert weights(Dask(workers=workers)) == weights()


def test_a_scheduler_file_leads_to_the_workers_too(cluster: DaskCluster) -> None:
    assert weights(Dask(scheduler_file=cluster.file)) == weights()


def test_a_client_of_ones_own_can_be_handed_in_and_stays_open(cluster: DaskCluster) -> None:
    with Client(cluster.address, set_as_default=False) as client:
        assert weights(client) == weights()
        assert client.submit(int, "7").result() == 7


@pytest.mark.parametrize(("kind", "iterations"), {**dict.fromkeys(KINDS, 2), "dense": 5}.items())
def test_workers_killed_again_and_again_in_mid_part_change_no_bit(
    kind: str, iterations: int, cluster: DaskCluster, tmp_path: Path
) -> None:
    how = {**KINDS[kind], "iterations": iterations}
    data = how["data"] if isinstance(how["data"], Dataset) else Dataset(how["data"])
    killing = Killing(data.samples, tmp_path, 2, iterations, weights=data.weights)
    assert weights(Dask(cluster.address), **{**how, "data": killing}) == weights(**how)
    assert list(tmp_path.glob("kill-*")) == []


def test_a_part_may_fail_as_late_as_when_its_result_is_fetched() -> None:
    class Fetched:
        """The result of a part whose worker died, and those who were to do it again."""

        def result(self) -> Any:
            raise KilledWorker("part", None, 3)

        def add_done_callback(self, follow: Any) -> None:
            follow(self)

    class Scheduler:
        status = "running"
        submit = staticmethod(lambda *_, **__: Fetched())

    with pytest.raises(ComputeError, match=r"^a part killed 8 workers; it may need more memory than they have$"):
        DaskExecutor(Scheduler()).submit(int).result()


def test_nothing_of_it_stays_on_the_disk(cluster: DaskCluster, tmp_path: Path) -> None:
    weights(Dask(cluster.address, shared=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_kills_every_worker_ends_the_training_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(ComputeError, match=r"^part \d \(rows [\d,]+ … [\d,]+\) killed 2 workers; it may need more"):
        weights(Dask(workers=1, tries=1), data=Killing(POINTS, tmp_path, 100, iterations=1))


def test_a_web_server_such_as_the_dashboard_is_told_from_a_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.compute.dask.CONNECT_SECONDS", 1.0)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        address = f"tcp://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(
            ComputeError, match=rf"^compute: {address} is no scheduler of Dask .*something else listens"
        ):
            Dask(address).check()
        server.shutdown()


# -- what cannot work


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"address": "tcp://127.0.0.1:9"}, "nothing listens at tcp://127.0.0.1:9; start a scheduler"),
        ({"address": "nowhere://x"}, "nowhere://x is no scheduler of Dask"),
        ({"scheduler_file": "none.json"}, "there is no scheduler file none.json"),
        ({"address": "nonsense"}, "nonsense is no scheduler of Dask (ValueError: missing port number"),
        ({"scheduler_file": __file__}, "is no scheduler of Dask"),
    ],
    ids=str,
)
def test_where_no_scheduler_is(given: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.compute.dask.CONNECT_SECONDS", 2.0)
    with pytest.raises(ComputeError, match="compute: ") as caught:
        Dask(**given).check()
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"address": "tcp://x:1", "scheduler_file": "y"}, "scheduler_file must be left out"),
        ({"workers": -1}, "workers must"),
        ({"tries": 0}, "tries must"),
        ({"window": -1}, "window must"),
        ({"shared": "s3://bucket/run"}, "shared must be a folder that this machine and all workers see"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Dask(**given)
    assert told in str(caught.value)


def test_without_distributed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NotInstalled, match="pip install distributed"):
        Dask().check()


def test_a_scheduler_without_workers(scheduler: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.compute.dask.WORKER_SECONDS", 2.0)
    with pytest.raises(ComputeError, match=r"tcp://.* has no workers; start some with `dask worker`"):
        Dask(scheduler.address).check()
    clients = [client for client in Client._instances if client.status == "running"]
    assert scheduler.address not in {client.scheduler.address for client in clients}  # it was let go of


def test_a_scheduler_of_another_version(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributed.__version__", "2024.1")
    with pytest.raises(
        ComputeError, match=r"the scheduler has distributed 20\S+, here it is 2024.1; give both the same"
    ):
        Dask(cluster.address).check()


OTHERS = {
    "has no ksom; pip install it there": "sys.modules['ksom'] = None",
    "computes other bits": """
import importlib.abc, atexit, threading, time
def change():
    import ksom.compute.probe as probe
    probe._bits = lambda: 'others'
change()
""",
}


def other_worker(cluster: DaskCluster, folder: Path, change: str) -> None:
    """Start a worker whose Python differs."""
    (folder / "sitecustomize.py").write_text(f"import sys\n{change}")
    cluster.worker(path=folder)


@pytest.mark.parametrize("told", OTHERS)
def test_another_worker_is_refused_by_name_before_it_works(scheduler: DaskCluster, tmp_path: Path, told: str) -> None:
    scheduler.worker()
    other_worker(scheduler, tmp_path, OTHERS[told])
    with Client(scheduler.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        with pytest.raises(ComputeError, match=r"^compute: worker tcp://127.0.0.1:\d+ on \S+ ") as caught:
            weights(client)
    assert told in str(caught.value)


def hiding(folder: Path) -> tuple[str, ...]:
    """Return what starts a program that does not see what is in a folder."""
    return "unshare", "--mount", "sh", "-c", f'mount -t tmpfs none "{folder}" && exec "$@"', "sh"


def can_hide() -> bool:
    import subprocess

    try:
        return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


needs_hiding = pytest.mark.skipif(not can_hide(), reason="needs the right to hide folders from a process")


@needs_hiding
def test_a_shared_folder_that_a_worker_does_not_see(scheduler: DaskCluster, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    scheduler.worker(before=hiding(tmp_path / "shared"))
    compute = Dask(scheduler.address, shared=tmp_path / "shared")
    with pytest.raises(
        ComputeError, match=r"the folder \S+ is not seen by worker tcp://\S+ on \S+; give COMPUTE.SHARED"
    ):
        compute.check()
    compute.close()


@needs_hiding
def test_data_that_a_worker_does_not_see(scheduler: DaskCluster, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "points.npy", POINTS)
    scheduler.worker(before=hiding(tmp_path / "data"))
    with pytest.raises(KsomError) as caught:
        weights(Dask(scheduler.address), data=ksom.Array(tmp_path / "data" / "points.npy"))
    assert "points.npy" in str(caught.value)


def test_a_client_that_is_closed(cluster: DaskCluster) -> None:
    client = Client(cluster.address, set_as_default=False)
    client.close()
    with pytest.raises(ComputeError, match="the client that was given is closed; give one that is connected"):
        weights(client)


def test_a_training_that_shows_samples_one_after_another(cluster: DaskCluster) -> None:
    with pytest.raises(ParameterError, match="compute must be 'here' for Online"):
        ksom.train(POINTS[:10], 2, 2, 1, algorithm="online", compute=Dask(cluster.address))


def test_a_scheduler_that_is_lost_ends_it_in_a_line(scheduler: DaskCluster) -> None:
    scheduler.worker()
    compute = Dask(scheduler.address)
    coming = results(compute.each(Doubled(0.2), range(500)))
    assert next(coming) == 0
    scheduler.scheduler.kill()
    with pytest.raises(ComputeError, match=r"is lost, or its client was closed .*--resume goes on"):
        list(coming)
    compute.close()


def test_where_no_worker_is_left_it_says_so_and_goes_on_when_one_comes(
    scheduler: DaskCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compute, only = Dask(scheduler.address), scheduler.worker("--no-nanny")
    coming = compute.each(Doubled(0.05), range(20))
    assert next(results(coming)) == 0
    only.kill()
    monkeypatch.setattr("ksom.compute.dask.WORKER_SECONDS", 0.5)
    compute._look_again = 0.0
    came: list[object] = []
    wait_until(lambda: "no worker is left; it goes on when one comes" in caplog.text, lambda: came.append(next(coming)))
    scheduler.worker("--no-nanny")
    wait_until(lambda: 38 in came, lambda: came.append(next(coming)))
    assert [number for number in came if number is not NOT_YET] == [2 * part for part in range(1, 20)]
    compute.close()


# -- memory


def test_the_memory_of_a_worker_is_told_before_it_works(cluster: DaskCluster, caplog: pytest.LogCaptureFixture) -> None:
    compute = Dask(cluster.address)
    with caplog.at_level(logging.INFO, "ksom"):
        assert list(results(compute.each(Doubled(worker_bytes=3 * 10**8), range(3)))) == [0, 2, 4]
    compute.close()
    assert "each worker needs about 0.3 GB, has " in caplog.text


def test_workers_that_have_too_little_memory_are_not_begun_with(cluster: DaskCluster) -> None:
    compute = Dask(cluster.address)
    with pytest.raises(ComputeError, match=r"each worker needs about 1e\+09 GB, and one has .*--memory-limit"):
        list(compute.each(Doubled(worker_bytes=10**18), range(3)))
    compute.close()


def test_a_training_tells_what_it_needs_of_a_worker(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dask, "_least_memory", lambda _: 10**8)
    monkeypatch.setattr(Dask, "start_seconds", 0.0)
    with pytest.raises(ComputeError, match=r"each worker needs about 0\.2 GB, and one has 0\.1 GB"):
        weights(Dask(cluster.address))
