"""Which distances the kernels are compiled for: by the terms that they add up."""

from ksom.method.distance import Chebyshev, Cosine, Distance, Euclidean, Manhattan

Terms = tuple[int, ...]
"""A kind of terms, told by a tuple's length: that is part of its type, so a kernel is compiled for one kind, and holds
nothing of the others."""

SQUARES: Terms = (0,)
MAGNITUDES: Terms = (0, 0)
LARGEST: Terms = (0, 0, 0)
"""Magnitudes, of which the largest is taken instead of the sum."""

TERMS: dict[type[Distance], Terms] = {
    Euclidean: SQUARES,
    Cosine: SQUARES,
    Manhattan: MAGNITUDES,
    Chebyshev: LARGEST,
}
"""By exact class: a subclass may have terms of its own, which only Python knows."""
