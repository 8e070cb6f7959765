"""The numerical core: one file per backend behind one small interface.

A backend holds the weights in the layout that suits it. `numpy` is the reference: the file to read to understand the
method, and the definition of its bits. `numba` gives the same bits, compiled and with less work; `at_once` is both, the
former until the latter is compiled. `jax` computes on accelerators, within rounding of the reference.
"""

import logging
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from numpy.typing import DTypeLike, NDArray

from ksom.arguments import require_choice
from ksom.errors import BackendUnavailable
from ksom.kernels.backend import Backend
from ksom.kernels.effort import LOADING_SECONDS
from ksom.kernels.numba.terms import TERMS
from ksom.method.distance import Distance, Euclidean
from ksom.method.neighbourhood import Neighbourhood

if TYPE_CHECKING:
    from ksom.kernels.jax.backend import JaxBackend
    from ksom.kernels.numba.backend import NumbaBackend

logger = logging.getLogger(__name__)

BACKENDS = ("auto", "numpy", "numba", "jax")


def get_backend(
    name: str,
    weights: NDArray[Any],
    dtype: DTypeLike,
    *,
    distance: Distance | None = None,
    neighbourhood: Neighbourhood | None = None,
    threads: int = 0,
    numpy_seconds: float = 0.0,
) -> Backend:
    """Return the backend called `name`, holding `weights`.

    Parameters
    ----------
    name : {"auto", "numpy", "numba", "jax"}
        Which one; "auto" takes numpy or numba, whichever is done first, and logs which and why; numba begins as
        `AtOnce` does. It never takes jax: to see whether there is an accelerator takes longer than a small map.
    weights : ndarray of shape (H, W, D)
        First weights, data units; copied.
    dtype : dtype
        The working precision, float32 or float64.
    distance : Distance, optional
        How far a sample is from a node; default euclidean.
    neighbourhood : Neighbourhood, optional
        What the map learns by, if it is known: jax cannot do some kinds.
    threads : int
        How many threads it may use; 0: all cores.
    numpy_seconds : float
        How long the numpy backend would take for all that it will be asked to do, as far as known; decides "auto".

    Raises
    ------
    ParameterError
        If there is no backend of that name.
    BackendUnavailable
        If it was asked for by name and cannot be loaded here, or cannot do what the map needs.
    """
    require_choice("backend", name, BACKENDS)
    distance = distance or Euclidean()
    needs_numpy = _needs_numpy(distance)
    if needs_numpy and name in {"numba", "jax"}:
        raise BackendUnavailable(f"backend {name}: {needs_numpy}; take the backend numpy")
    if name == "auto":
        name, why = ("numpy", needs_numpy) if needs_numpy else choice(numpy_seconds)
        level = logging.INFO if needs_speed(numpy_seconds) else logging.DEBUG  # of little work, nobody asks who does it
        logger.log(level, "backend: %s (auto: %s)", name, why)
        if name == "numba":
            from ksom.kernels.at_once import AtOnce

            how: Any = {"neighbourhood": neighbourhood, "expected_seconds": numpy_seconds}
            return AtOnce(weights, dtype, threads or _cores(), distance, **how)
    if name == "numba":
        return _numba_backend()(weights, dtype, threads or _cores(), distance)
    if name == "jax":
        _require_plain(distance, neighbourhood)
        made = _jax_backend()(weights, dtype)
        logger.log(logging.INFO if numpy_seconds else logging.DEBUG, "backend: jax, on %s", made.devices)
        return made
    from ksom.kernels.numpy_backend import NumpyBackend

    return NumpyBackend(weights, dtype, distance)


def _needs_numpy(distance: Distance) -> str:
    """Return why only the numpy backend can do it, if that is so."""
    return "" if type(distance) in TERMS else f"the distance {type(distance).__name__} is known to Python only"


def _require_plain(distance: Distance, neighbourhood: Neighbourhood | None) -> None:
    """Refuse what jax cannot do: the order of its additions, and its bounds, are those of squares."""
    why = ""
    if type(distance) is not Euclidean:
        why = f"the distance {type(distance).__name__} is not the euclidean one"
    elif neighbourhood is not None and neighbourhood.lowest < 0:
        why = f"the neighbourhood {type(neighbourhood).__name__} has negative values"
    if why:
        raise BackendUnavailable(f"backend jax: {why}; take the backend numba or numpy")


def needs_speed(numpy_seconds: float) -> bool:
    """Whether what numpy would take so long for is worth loading a compiler."""
    return numpy_seconds > LOADING_SECONDS


def choice(numpy_seconds: float) -> tuple[str, str]:
    """Return the backend that is done first, and why."""
    if not needs_speed(numpy_seconds):
        return "numpy", "there is little to do, numpy is done before numba is loaded"
    if why := _lack_of_numba():
        return "numpy", why
    return "numba", f"it can be loaded, and numpy would take about {numpy_seconds:.2g} s"


def _lack_of_numba() -> str:
    """Return why numba cannot be loaded, as far as that can be told without loading it."""
    try:
        if "numba" not in sys.modules and find_spec("numba") is not None:
            return ""
        _numba_backend()
    except BackendUnavailable as error:
        return str(error)
    return ""


def _numba_backend() -> "type[NumbaBackend]":
    try:
        from ksom.kernels.numba.backend import NumbaBackend
    except ImportError as error:
        raise BackendUnavailable(f"backend numba cannot be loaded ({error}); pip install numba") from error
    return NumbaBackend


def _jax_backend() -> "type[JaxBackend]":
    try:
        from ksom.kernels.jax.backend import JaxBackend
    except ImportError as error:
        raise BackendUnavailable(f"backend jax cannot be loaded ({error}); pip install 'kohonen2[jax]'") from error
    return JaxBackend


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
