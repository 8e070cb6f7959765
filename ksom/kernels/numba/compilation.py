"""How the kernels are compiled: all by one decorator."""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.dispatcher import Dispatcher

from ksom.kernels.numba.machine_code import MachineCode
from ksom.kernels.numba.parts import how_parts_are_compiled

ENTRY: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
"""How a function that Python calls is compiled: without the interpreter's lock, and without fastmath, which may fuse or
reorder what fixes the bits. A division by zero gives what numpy gives. Without counting references to arrays, which
belong to the caller as long as the call lasts: passing a tuple of 16 arrays from one part to another took 250 ns, and a
search 2.5 times as long. Such a function cannot make arrays, nor assign a part of one to another."""

MAKING_ROOM: dict[str, Any] = {**ENTRY, "_nrt": True}
"""How a function is compiled that makes arrays of its own; the others need not count references."""

PART: dict[str, Any] = {
    **ENTRY,
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    **how_parts_are_compiled(),
}
"""How a part of such a function is compiled: into it, and not by itself; see `parts`."""

LOOSE: dict[str, Any] = {**PART, "fastmath": {"contract", "reassoc", "nnan", "nsz"}}
"""How sums and minima are compiled whose order does not matter, so that they fill vectors."""


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles a kernel as `options` say: ENTRY, PART or one like them."""

    def decorated(kernel: Callable[..., Any]) -> Any:
        made = njit(**options)(kernel)
        if isinstance(made, Dispatcher):  # NUMBA_DISABLE_JIT leaves it as it is
            made._cache = MachineCode(kernel, is_part="pipeline_class" in options)  # type: ignore[attr-defined]  # private to numba
        return made

    return decorated
