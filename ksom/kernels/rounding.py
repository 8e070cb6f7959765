"""How exact the score of a node is: what a search by products may leave out, and what it has to measure."""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

MOST_FEATURES = 2**15
"""For more, the bound on the rounding of float32 would not hold."""


class Margin(NamedTuple):
    """How far two scores must be apart to tell which node is nearer: a R² + b R W + c; see `score_margin`."""

    for_radius: float
    """a."""
    for_reach: float
    """b."""
    underflow: float
    """c, data units²."""
    largest: float
    """The largest R² for which nothing overflows, data units²."""


def score_margin(features: int, dtype: DTypeLike, *, flushed: bool = False) -> Margin:
    """Return how far two scores must be apart, because of rounding, to tell which of two nodes is nearer.

    W is the group's reach, X = ‖x − c‖ of the sample, R = X + W; n is the number of features, u half the precision's
    epsilon, γ_m = m u / (1 − m u). A score plus X² differs from the reference's squared distance by at most

    - (2 u' + u'²) R², u' = u / (1 − u), because x − c and w − c are rounded,
    - γ_(n+1) W², because ‖w − c‖² is,
    - γ_(n+1) (1 + γ_(n+1)) (W² + 2 X W) for products and sums, in whatever order, fused or not,
    - γ_(n+2) (1 + u')² R², because the reference rounds differences, squares and sums:

    together less than γ_(n+6) R² + γ_(2n+4) R W. Two scores make twice that. Adding the margin to a score rounds by
    at most 2 u R², and X and W are computed with an error below 1 %; hence a = 2.1 (n + 7) u and b = 2.1 (2 n + 4) u,
    as long as n u < 1/500. Numbers too small to be normal add at most half the smallest one, η, each time, a few times
    n; c is 2¹¹ n η, because a norm that has lost some is multiplied: 2 W √(n η) ≤ W²/1000 + 1000 n η.
    Where such numbers are flushed to 0, they lose up to the smallest normal one.
    """
    precision = np.finfo(dtype)
    unit = 2.1 * float(precision.eps) / 2
    underflow = 2**11 * features * float(precision.tiny if flushed else precision.smallest_subnormal)
    return Margin((features + 7) * unit, (2 * features + 4) * unit, underflow, float(precision.max) / 8)
