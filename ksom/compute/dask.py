"""Workers of Dask: of this machine, or of a cluster."""

import logging
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ksom.arguments import require_integer, require_path
from ksom.compute.compute import NotYet, Result, Task
from ksom.compute.computes import COMPUTES
from ksom.compute.on_executor import TRIES, OnExecutor
from ksom.compute.probe import TOKEN, Probe, as_probed, probed
from ksom.compute.shared_folder import SharedFolder
from ksom.errors import ComputeError, NotInstalled, ParameterError
from ksom.masking import masked

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
"""How long a scheduler may take to answer."""


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
        A folder that this machine and all workers see, under the same name; needed if they are on other machines.
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
        require_integer("tries", tries, minimum=1)
        require_integer("window", window, minimum=0)
        super().__init__(None, 1, tries, window)  # type: ignore[arg-type]  # it is made when it is needed
        self._folder = SharedFolder(self.shared_path)
        self._client: Client | None = None
        self._cluster: Any = None
        self._is_own, self._is_checked, self._here = True, False, probed()

    @classmethod
    def of(cls, client: "Client") -> Self:
        """Return the workers of a client that somebody else made and closes."""
        made = cls()
        made._client, made._is_own = client, False
        return made

    def __repr__(self) -> str:
        return f"Dask({masked(str(self.address or self.scheduler_file or 'local'))})"

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
        client = self._connected()
        self._require_version(client)
        if not self._workers_told():
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        (self.shared / TOKEN).write_text("seen")
        for address, found in client.run(probed, self.shared, on_error="return").items():
            self._require_like_here(address, found)
        self._tell_memory()
        self._is_checked = True

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result | NotYet]:
        return super().each(as_probed(task, self._here), parts)

    def close(self) -> None:
        super().close()
        if self._is_own and self._client is not None:
            self._client.close()
            if self._cluster is not None:
                self._cluster.close()
            self._client = self._cluster = None

    def _executor(self) -> Executor:
        client = self._connected()
        if client.status != "running":
            raise ComputeError(f"compute: the scheduler of {self!r} is lost ({client.status}); --resume goes on")
        executor: Executor = client.get_executor(pure=False)
        return executor

    def _connected(self) -> "Client":
        if self._client is None:
            try:
                from distributed import Client, LocalCluster
            except ImportError as error:
                raise NotInstalled("compute dask: distributed is not installed; pip install distributed") from error
            if self.address is None and self.scheduler_file is None:
                options = {"n_workers": self.processes or None, "threads_per_worker": 1, "dashboard_address": None}
                self._cluster = LocalCluster(**options)
                self._client = Client(self._cluster)
            else:
                self._client = self._to_scheduler(Client)
        return self._client

    def _to_scheduler(self, client: Any) -> "Client":
        where = {"scheduler_file": str(self.scheduler_file)} if self.scheduler_file else {"address": self.address}
        if self.scheduler_file and not Path(self.scheduler_file).is_file():
            raise ComputeError(f"compute: there is no scheduler file {self.scheduler_file}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # versions are looked at below
                made: Client = client(**where, timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            told = f"no scheduler of Dask answers at {masked(str(self.address or self.scheduler_file))}"
            raise ComputeError(f"compute: {told} ({type(error).__name__}); start one, or mend the address") from error
        return made

    def _require_version(self, client: "Client") -> None:
        import distributed

        told = client.get_versions()["scheduler"]["packages"]["distributed"]
        if told != distributed.__version__:
            versions = f"the scheduler has distributed {told}, here it is {distributed.__version__}"
            raise ComputeError(f"compute: {versions}; give both the same")

    def _require_like_here(self, address: str, found: Any) -> None:
        if isinstance(found, ModuleNotFoundError):
            raise ComputeError(f"compute: the worker {address} has no {found.name}; install ksom there, as it is here")
        if isinstance(found, BaseException):
            raise ComputeError(f"compute: the worker {address} cannot work ({type(found).__name__}: {found})")
        assert isinstance(found, Probe)
        difference = self._here.difference(found)
        if difference:
            raise ComputeError(f"compute: the worker {address} on {found.host} {difference}; give all workers the same")
        if not found.sees_folder:
            told = f"the worker {address} on {found.host} does not see the folder {self.shared}"
            raise ComputeError(f"compute: {told}; give COMPUTE.SHARED a folder that all machines see")

    def _tell_memory(self) -> None:
        told = self._workers_told().values()
        least = min((worker.get("memory_limit") or 0 for worker in told), default=0)
        logger.info("compute: %d workers of Dask, %.3g GB of memory each at least", len(told), least / 1e9)

    def _workers_told(self) -> dict[str, Any]:
        return dict(self._connected().scheduler_info(n_workers=-1)["workers"])

    def _is_loss(self, error: BaseException) -> bool:
        return False  # the scheduler gives a lost worker's part to another one

    def _reason(self, name: str, error: BaseException) -> str:
        if type(error).__name__ == "KilledWorker":
            return f"{name} killed every worker that tried it; it may need more memory than they have"
        return super()._reason(name, error)
