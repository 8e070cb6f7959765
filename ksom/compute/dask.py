"""Workers of Dask: of this machine, or of a cluster."""

import json
import logging
import os
import socket
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ksom.arguments import require_integer, require_path
from ksom.compute.compute import NotYet, Result, Task
from ksom.compute.computes import COMPUTES
from ksom.compute.dask_executor import DaskExecutor
from ksom.compute.on_executor import TRIES, OnExecutor
from ksom.compute.probe import TOKEN, Probe, as_probed, probed, require_alike
from ksom.compute.shared_folder import SharedFolder
from ksom.errors import ComputeError, NotInstalled, ParameterError
from ksom.masking import masked
from ksom.regular_files import read_regular
from ksom.whole_files import writing

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
"""How long a scheduler may take to answer."""

WORKER_SECONDS = 60.0
"""How long the first worker may take to come; and how often it is said that none is left."""

LARGEST_SCHEDULER_FILE = 2**20


@COMPUTES.register("dask")
class Dask(OnExecutor):
    """Workers of Dask: without an address some processes of this machine, to try it; with one, those of a cluster.

    Parameters
    ----------
    address : str, optional
        Where the scheduler listens, such as "tcp://host:8786".
    scheduler_file : str or Path, optional
        The file in which it says so.
    workers : int
        How many processes of this machine, without an address; 0: as many as there are cores.
    shared : str or Path, optional
        A folder that this machine and all workers see, under the same name; by default the system's for temporary
        files if all see it, as they do on one machine, else the current folder.
    tries : int
        How often a part is tried that kills its worker or whose store does not answer; at least 1.
    window : int
        How many parts are under way or wait; 0: two for each worker.
    """

    def __init__(  # noqa: PLR0917 (the keys of an experiment, which are given by name)
        self,
        address: str | None = None,
        scheduler_file: str | Path | None = None,
        workers: int = 0,
        shared: str | Path | None = None,
        tries: int = TRIES,
        window: int = 0,
    ) -> None:
        if address and scheduler_file:
            raise ParameterError("scheduler_file", "be left out where there is an address", str(scheduler_file))
        self.address, self.scheduler_file = address, scheduler_file
        self.processes = require_integer("workers", workers, minimum=0)
        self.shared_path = None if shared is None else require_path("shared", shared)
        if shared is not None and "://" in str(shared):
            told = "be a folder that this machine and all workers see, under the same name (a store is only read from)"
            raise ParameterError("shared", told, str(shared))
        super().__init__(None, 1, tries, window)  # type: ignore[arg-type]  # it is made when it is needed
        self._folder = SharedFolder(self.shared_path)
        self._client: Client | None = None
        self._cluster: Any = None
        self._executor_of_client: DaskExecutor | None = None
        self._is_own, self._is_checked = True, False
        self._told_bytes = 0
        self._look_again = 0.0

    @classmethod
    def of(cls, client: "Client", shared: str | Path | None = None) -> Self:
        """Return the workers of a client that somebody else made and closes; `shared` as above."""
        made = cls(shared=shared)
        made._client, made._is_own = client, False
        return made

    def __repr__(self) -> str:
        given = "a client" if not self._is_own else self.address or self.scheduler_file or "local"
        return f"Dask({masked(str(given))})"

    @property
    def workers(self) -> int:
        """How many tasks are done at the same time."""
        return max(1, sum(int(told["nthreads"]) for told in self._workers_told().values()))

    def check(self) -> None:
        """Look whether workers are there, see the shared folder, and compute as this process does.

        Raises
        ------
        NotInstalled
            If distributed is not.
        ComputeError
            If not, naming the worker.
        """
        if self._is_checked:
            return
        try:
            self._look_at_workers()
        except BaseException:  # whoever made it may have nothing to close yet
            self.close()
            raise
        self._is_checked = True

    def _look_at_workers(self) -> None:
        client = self._connected()
        if client.status != "running":
            raise ComputeError(f"compute: the client that was given is {client.status}; give one that is connected")
        self._require_version(client)
        self._wait_for_workers(client)
        found = self._looked_at(client)
        if self.shared_path is None and not all(probe.sees_folder for probe in found):
            self._folder.remove()
            self._folder = SharedFolder(Path.cwd())
            found = self._looked_at(client)
        for probe in found:
            require_alike(probed(), probe, self.shared)
        self._tell_memory()

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result | NotYet]:
        self.check()
        self._require_memory(getattr(task, "worker_bytes", 0))
        return super().each(as_probed(task, probed(), self.shared), parts)

    def close(self) -> None:
        self._executor_of_client, self._is_checked = None, False
        with ExitStack() as stack:  # all of them, whatever becomes of one; the last first
            stack.callback(super().close)
            if self._is_own:
                for own in (self._cluster, self._client):
                    if own is not None:
                        stack.callback(own.close)
                self._client = self._cluster = None

    def _executor(self) -> Executor:
        client = self._connected()
        self._executor_of_client = self._executor_of_client or DaskExecutor(client)
        if client.status != "running":
            raise self._executor_of_client.lost()
        return self._executor_of_client

    def _connected(self) -> "Client":
        if self._client is None:
            try:
                from distributed import Client
            except ImportError as error:
                raise NotInstalled("compute dask: distributed is not installed; pip install distributed") from error
            if self.address is None and self.scheduler_file is None:
                self._cluster = self._local_cluster()
                self._client = Client(self._cluster, set_as_default=False)
            else:
                self._client = self._to_scheduler(Client)
        return self._client

    def _local_cluster(self) -> Any:
        import dask
        from distributed import LocalCluster

        # A worker is handed one part at a time, so that the scheduler knows which one was at work when it died.
        how = {"distributed.scheduler.allowed-failures": self.tries - 1, "distributed.scheduler.worker-saturation": 1.0}
        with dask.config.set(how):
            return LocalCluster(
                n_workers=self.processes or len(os.sched_getaffinity(0)),
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.ERROR,
            )

    def _to_scheduler(self, client: Any) -> "Client":
        if self.scheduler_file and not Path(self.scheduler_file).is_file():
            raise ComputeError(f"compute: there is no scheduler file {self.scheduler_file}; `dask scheduler` writes it")
        where = {"scheduler_file": str(self.scheduler_file)} if self.scheduler_file else {"address": self.address}
        named = masked(str(self.address or self.scheduler_file))
        try:
            _require_scheduler(self.address or _address_in(str(self.scheduler_file)))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # versions are looked at below
                made: Client = client(**where, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError) as error:
            told = f"nothing listens at {named}" if self.address else f"nothing listens where {named} says"
            raise ComputeError(f"compute: {told}; start a scheduler of Dask there, or mend the address") from error
        except Exception as error:  # an address, or a file, that is none; a scheduler that speaks otherwise
            raise ComputeError(f"compute: {named} is no scheduler of Dask ({type(error).__name__}: {error})") from error
        return made

    def _wait_for_workers(self, client: "Client") -> None:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            told = f"{client.scheduler.address} has no workers" if client.scheduler else "there are no workers"
            raise ComputeError(f"compute: {told}; start some with `dask worker`") from error

    def _looked_at(self, client: "Client") -> list[Probe]:
        """Return what all workers are, each asked once, and whether they see the shared folder."""
        with writing(self.shared):
            (self.shared / TOKEN).write_text("seen")
        answers = client.run(probed, self.shared, on_error="return")
        return [self._probe_of(address, answer) for address, answer in answers.items()]

    def _require_version(self, client: "Client") -> None:
        import distributed

        told = client.get_versions()["scheduler"]["packages"]["distributed"]
        if told != distributed.__version__:
            versions = f"the scheduler has distributed {told}, here it is {distributed.__version__}"
            raise ComputeError(f"compute: {versions}; give both the same")

    def _probe_of(self, address: str, answer: Any) -> Probe:
        if isinstance(answer, Probe):
            return answer._replace(address=address)  # outside of a task a worker does not know its own
        host = self._workers_told().get(address, {}).get("host", "?")
        who = f"worker {address} on {host}"
        if isinstance(answer, ModuleNotFoundError):
            raise ComputeError(f"compute: {who} has no {answer.name}; pip install it there, as it is here")
        told = f"{type(answer).__name__}: {answer}" if isinstance(answer, BaseException) else type(answer).__name__
        if "ModuleNotFoundError" in told and "'ksom" in told:  # Dask has made it an error of its own
            raise ComputeError(f"compute: {who} has no ksom; pip install it there, as it is here")
        raise ComputeError(f"compute: {who} cannot be looked at ({told}); give it the ksom and distributed of here")

    def _tell_memory(self) -> None:
        logger.info("compute: %d workers of Dask, %s each", len(self._workers_told()), _gigabytes(self._least_memory()))

    def _require_memory(self, needed: int) -> None:
        """Say how much memory a worker needs for its part, and refuse what none of them could hold."""
        has = self._least_memory()
        if not needed or needed == self._told_bytes:
            return
        self._told_bytes = needed
        logger.info("compute: each worker needs about %s, has %s", _gigabytes(needed), _gigabytes(has))
        if has and needed > has:
            told = f"each worker needs about {_gigabytes(needed)}, and one has {_gigabytes(has)}"
            raise ComputeError(f"compute: {told}; give workers more (--memory-limit), or fewer threads each")

    def _least_memory(self) -> int:
        """Return how many bytes the worker that has least may use for each of its threads; 0: nobody says."""
        told = self._workers_told().values()
        return min(
            (int(worker["memory_limit"]) // int(worker["nthreads"]) for worker in told if worker.get("memory_limit")),
            default=0,
        )

    def _workers_told(self) -> dict[str, Any]:
        return dict(self._connected().scheduler_info(n_workers=-1)["workers"])

    def _are_workers_lost(self) -> bool:
        """Say so where no worker is left; it is no end, since another one may come."""
        client, now = self._connected(), time.monotonic()
        if now >= self._look_again and client.status == "running":
            self._look_again = now + WORKER_SECONDS
            if not self._workers_told():
                logger.warning("compute: no worker is left; it goes on when one comes, Ctrl-C stops")
        return False

    def _is_loss(self, error: BaseException) -> bool:
        return False  # the scheduler gives a lost worker's part to another one


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.3g} GB" if size else "unlimited memory"


def _address_in(scheduler_file: str) -> str:
    """Return where a scheduler listens, as its file has it."""
    told = json.loads(read_regular(scheduler_file, LARGEST_SCHEDULER_FILE))
    if not isinstance(told, dict) or not isinstance(told.get("address"), str):
        raise ValueError("it tells no address")
    return str(told["address"])


def _require_scheduler(address: str) -> None:
    """Refuse what is no address, and where somebody else listens, before there is a client.

    One that could not begin waits 20 seconds for its end; and for a web server, as the scheduler's dashboard is one, it
    waits without an end. A scheduler speaks first.
    """
    from distributed.comm.addressing import get_address_host_port

    if address.startswith("inproc://"):  # in this process: neither a host nor a port
        return
    where = get_address_host_port(address)
    if address.startswith("tls://"):  # there the client has to speak first
        return
    with socket.create_connection(where, CONNECT_SECONDS) as connection:
        try:
            speaks = bool(connection.recv(1))
        except TimeoutError:
            speaks = False
    if not speaks:
        raise ValueError("something else listens there; a scheduler's dashboard has another port")
