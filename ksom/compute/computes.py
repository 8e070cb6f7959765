"""Who may work, by name, and what may be given in place of a name."""

from concurrent.futures import Executor
from typing import Any

from ksom.compute.compute import Compute
from ksom.compute.here import Here
from ksom.errors import ParameterError
from ksom.registry import Registry

COMPUTES = Registry("compute", Compute)

COMPUTES.register("here")(Here)
COMPUTES.register_later("processes", "ksom.compute.processes")
COMPUTES.register_later("dask", "ksom.compute.dask")


def as_compute(value: Any) -> Compute:
    """Return who works, of a name, an executor, a client of Dask, or a `Compute`.

    Parameters
    ----------
    value : str, Compute, concurrent.futures.Executor or dask.distributed.Client
        What is given; an executor or a client is not shut down. An address (tcp://host:8786) or the path of a
        .json file in which a scheduler says where it listens means Dask.

    Raises
    ------
    ParameterError
        If it is none of these.
    """
    if isinstance(value, Executor):
        from ksom.compute.on_executor import OnExecutor

        return OnExecutor(value)
    if type(value).__module__.startswith("distributed."):
        from ksom.compute.dask import Dask

        client: Compute = Dask.of(value)
        return client
    if isinstance(value, str) and ("://" in value or value.endswith(".json")):
        from ksom.compute.dask import Dask

        return Dask(value) if "://" in value else Dask(scheduler_file=value)
    if not isinstance(value, str) and not COMPUTES.holds(value):
        told = f"be one of {', '.join(COMPUTES)}, an executor of concurrent.futures, or a client of Dask"
        raise ParameterError("compute", told, value)
    made: Compute = COMPUTES.made("compute", value)
    return made
