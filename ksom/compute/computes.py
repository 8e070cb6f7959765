"""Who may work, by name, and what may be given in place of a name."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from ksom.compute.compute import Compute
from ksom.compute.here import Here
from ksom.errors import ParameterError
from ksom.names import nearest
from ksom.registry import Registry

COMPUTES = Registry("compute", Compute)

COMPUTES.register("here")(Here)
COMPUTES.register_later("processes", "ksom.compute.processes")
COMPUTES.register_later("dask", "ksom.compute.dask")


def where_dask_is(name: Any) -> dict[str, Any]:
    """Return the arguments of Dask that a name stands for which is an address or a scheduler's .json file; else none.

    Parameters
    ----------
    name : Any
        What is given in place of a compute's name: tcp://host:8786, say.
    """
    if not isinstance(name, str):
        return {}
    if "://" in name:
        return {"address": name}
    return {"scheduler_file": name} if name.endswith(".json") else {}


def as_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the node COMPUTE of an experiment, with what its name stands for: COMPUTE tcp://host:8786 is Dask's."""
    where = where_dask_is(node.get("NAME"))
    return {**node, "NAME": "dask", **{key.upper(): value for key, value in where.items()}} if where else dict(node)


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
    if where := where_dask_is(value):
        from ksom.compute.dask import Dask

        return Dask(**where)
    if isinstance(value, str) and value not in COMPUTES:
        told = f"be one of {', '.join(COMPUTES)}, or of a scheduler of Dask its address (tcp://host:8786) or .json file"
        raise ParameterError("compute", f"{told}{nearest(value, COMPUTES)}", value)
    if not isinstance(value, str) and not COMPUTES.holds(value):
        told = f"be one of {', '.join(COMPUTES)}, an executor of concurrent.futures, or a client of Dask"
        raise ParameterError("compute", told, value)
    made: Compute = COMPUTES.made("compute", value)
    return made
