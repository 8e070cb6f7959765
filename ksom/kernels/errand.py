"""What a backend is asked for, told apart as far as other kernels do it; and the mark of what was compiled before."""

import os
import platform
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ksom.kernels.numba.kept_code import kept_in
from ksom.package_versions import package_version

MANY_SAMPLES = 128
"""From so many samples on there are other ways to search than in tiles; see `numba.search.FEW_SAMPLES`."""

AXES_FEATURES = 16
"""From so many features on one of them is by shadows; see `numba.ways.AXES`."""

AHEAD_FEATURES = 128
"""From so many features on samples are shown looking ahead; see `numba.look_ahead.MANY_FEATURES`."""


class Errand(NamedTuple):
    """One kind of work of a backend; two that are equal are done by the same kernels, for the same types."""

    work: str
    """One of those that `numba.rehearsal` knows."""
    dtype: str
    distance: str
    """The name of its class."""
    how: tuple[str, ...] = ()
    """What else decides which kernels do it, in a fixed order."""

    def mark(self) -> Path | None:
        """Return the file that is there once the kernels are kept; None if they cannot be.

        It is never more than a hint: whoever trusts one too many compiles what is missing.
        """
        folder = kept_in()
        return None if folder is None else folder / f"{'-'.join((*self[:3], *self.how))}.{_compiled_for()}"

    def is_marked(self) -> bool:
        """Whether all kernels that do it were compiled before."""
        mark = self.mark()
        return mark is not None and mark.exists()


@cache
def _compiled_for() -> str:
    """Return what tells this processor, and what compiles for it, from others, as far as that can be told at once."""
    chosen = [os.environ.get(name, "") for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")]
    about = [*_processor(), *chosen, *map(package_version, ("numba", "llvmlite")), sys.implementation.cache_tag]
    return sha256(repr(about).encode()).hexdigest()[:16]


def _processor() -> Iterable[str]:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            told = [line.strip() for line in lines if line.startswith(("model name", "flags", "Features"))]
    except OSError:
        told = []
    return platform.machine(), platform.processor(), *sorted(set(told))
