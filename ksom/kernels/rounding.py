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


class ShadowMargin(NamedTuple):
    """How large a score between shadows can be for a node at a known distance; see `shadow_margin`."""

    stretch: float
    """s, by which the distance between shadows may exceed that between points, at most."""
    for_radius: float
    """a, how far off a sample's shadow is along the axes, in its length; rounding of x − c included."""
    for_reach: float
    """b, how far off a node's shadow is, in the reach; rounding of w − c included."""
    for_rest: float
    """f, how far off the square of a sample's residual length is, in the square of its length."""
    smallest: float
    """t, how far off lengths are because squares underflow, data units."""
    for_scores: float
    """g, how far off a score is, in (X + W)²."""
    for_distance: float
    """h, how much larger the reference's squared distance may be than one summed in another order."""
    underflow: float
    """c, data units²."""
    largest: float
    """The largest (X + W)² for which nothing overflows, data units²."""


def shadow_margin(features: int, axes: int, block: int, lack: float, dtype: DTypeLike) -> ShadowMargin:
    """Return what bounds the score between the shadows of a sample and of a node that may be its nearest.

    V are m axes, x̂ and ŵ what x − c and w − c are rounded to, X = ‖x̂‖, W the largest ‖ŵ‖; the shadow of x̂ is
    φ(x̂) = (Vᵀx̂, ‖x̂ − V Vᵀx̂‖). With d = x̂ − ŵ and e ≥ ‖VᵀV − 1‖, the lack of orthonormality, which is measured,

        ‖φ(x̂) − φ(ŵ)‖² ≤ ‖Vᵀd‖² + ‖d − V Vᵀd‖² = ‖d‖² + (Vᵀd)ᵀ (VᵀV − 1) Vᵀd ≤ (1 + e (1 + e)) ‖d‖²:

    whatever the axes are. Shadows are computed: with an error of E, at most, for a sample's and F for a node's, their
    distance S satisfies √S ≤ √(1 + e (1 + e)) ‖d‖ + E + F. Let n be the number of features, u half the precision's
    epsilon, v half of float64's, γ_m = m u / (1 − m u).

    - If the reference's squared distance is at most L, then ‖w − x‖² ≤ L / (1 − γ_(n+2)), and ‖d‖ is larger than that
      by u (X + W) at most, because differences are rounded.
    - Vᵀx̂ is summed in blocks, and then the blocks: γ_B ‖V‖ X for B = block + blocks, with the Frobenius norm
      ‖V‖ ≤ √m (1 + e). The residual length r is the root, in float64, of X² − ‖Vᵀx̂‖²; r² is then off by f X² at most,
      because of that (2 γ_B ‖V‖), because V Vᵀ is no projection (e) and by float64's rounding. So r is off by √f X at
      most, and by f X² / r. Stored, it is off by u r more.
    - Those of nodes are computed in float64, with a residual length that knows VᵀV: off by √(4 (n + m + 4) (m + 1) v) W
      at most, and by 2 u W when they are stored.
    - A squared distance that is summed in another order differs from the reference's by a factor of less than 1 + h,
      either way: at most (1 + γ_(n+2)) / (1 − γ_(n+2)).
    - A score plus ‖φ(x̂)‖² is S, off by less than γ_(m+4) (X + W)²; the limit itself rounds a few times.

    So a node's score is at most T = (s √L + a X + b W + min(√f X, f X² / r) + t)² − ‖φ(x̂)‖² + g (X + W)² + c, if its
    distance is at most L. Squares that underflow cost a few roots of the smallest number in lengths, and c in scores.
    """
    precision = np.finfo(dtype)
    unit, of_nodes = float(precision.eps) / 2, float(np.finfo(np.float64).eps) / 2
    roundings = min(block, features) + -(-features // block)
    along = 1.05 * roundings * unit * axes**0.5 * (1 + lack)
    rest = 2.1 * along * (1 + lack) + along**2 + 1.1 * lack + 2.1 * (features + axes + 4) * of_nodes
    of_node = (4 * (features + axes + 4) * (axes + 1) * of_nodes) ** 0.5
    stretch = ((1 + lack * (1 + lack)) * (1 + 1.05 * (features + 2) * unit)) ** 0.5 * (1 + 8 * of_nodes)
    least = float(precision.smallest_subnormal)
    return ShadowMargin(
        stretch,
        along + 2.1 * unit,
        of_node + 3.2 * unit,
        rest,
        4 * ((features + axes) * least) ** 0.5,
        1.05 * (axes + 17) * unit,
        2.1 * (features + 3) * unit,
        2**11 * (features + axes) * least,
        float(precision.max) / 8,
    )
