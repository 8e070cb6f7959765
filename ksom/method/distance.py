"""How far a sample is from a node: a sum over features, in order, of a term of their difference."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.registry import Registry
from ksom.representation import as_call


class Distance(Protocol):
    """A distance whose order of nodes is that of Σ term(w − x) over the features, added in order.

    The term is even and rises with the difference's magnitude; so a box around some weights bounds it from below.
    """

    is_square: bool
    """Whether the term is the square: what the compiled backends, products and look-ahead compute."""

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """Return the terms of differences w − x, data units; may work in place, and keeps the dtype."""
        ...

    def reported(self, total: NDArray[Any]) -> NDArray[Any]:
        """Return the distance that a sum of terms stands for, data units; may work in place, and keeps the dtype."""
        ...


DISTANCES = Registry("distance", Distance)


@DISTANCES.register("euclidean")
class Euclidean:
    """‖w − x‖ = √Σ (w − x)², data units."""

    is_square = True

    def __repr__(self) -> str:
        return as_call(self)

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """(w − x)²."""
        difference *= difference
        return difference

    def reported(self, total: NDArray[Any]) -> NDArray[Any]:
        """√Σ."""
        np.sqrt(total, out=total)
        return total
