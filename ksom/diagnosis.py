"""What is wrong with a training, and what to change: each diagnosis with its evidence.

Every threshold lies between what was measured in healthy runs and in runs that have the illness: those of
`tests/test_diagnosis.py`. Where both are told below, healthy comes first.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import shown_key
from ksom.evidence import Evidence
from ksom.method.classes import classes

FEW_SAMPLES, MOST_OF_ALL = 0.01, 0.5
"""Of the samples, and of all distances. The farthest hundredth makes 1 to 11 %; 98 % if one is a typing error."""
FEWEST_TO_HAVE_OUTLIERS = 50

FEW_FEATURES, NEARLY_ALL = 0.1, 0.95
"""Of the features, but at least one, and of all distances. In iris 68 %, in a plane twice as wide as high 87 %; 99.8 %
in wine and 99.99 % in penguins as they are measured."""

WIDEST_SIGMA, WIDEST_SHARE = 1.5, 0.1
"""Lattice steps, and of the map's longer side. Sigma ends with 0.5 to 1.1; where it ends wider, a node averages over
what the map is to tell apart."""

UNREACHED, NO_ORDER = 0.35, 0.4
"""Of nodes that win nothing, beyond chance: up to a half, between clusters that lie far apart; two thirds and more. Of
nodes at which the map turns back: up to 0.3; 0.55 and more, where weights are as they were drawn."""

CREASED = 0.6
"""Up to 0.44; 1 and more."""

APART, TIMES_APART, TIMES_FOLDED = 0.04, 2.5, 1.5
"""By how much, and how many times, the topographic error exceeds that of the same map begun from principal axes: by up
to 0.022; by 0.05 and more. A crease without such an error lies in the data, as between two moons."""

WORTH, SHARE_OF_REST, WORTH_OF_REST = 0.04, 0.35, 0.01
"""What going on must explain of the variance: up to 0.014; 0.06 and more. Or a hundredth, if that is a third of what is
left: up to 0.11."""

HIGH_RATE = 0.05
"""By default it ends with 0.01 or 0.02. One that ends higher remembers the last twenty samples of a node, and no more
of them."""

FEW_NODES, LITTLE_EXPLAINED = 0.05, 0.4
"""Of the usual number of nodes, 5 √N, and of the variance. Two nodes of iris are enough, and explain 78 %."""

SMALLEST_CLASS = 5
"""Samples: a smaller class may well share its nodes."""


class Finding(NamedTuple):
    """Something to look at."""

    what: str
    """In a few words."""
    evidence: str
    """The numbers that show it, and what they mean."""
    advice: str
    """What to do about it."""
    change: str = ""
    """KEY VALUE, to be given to `ksom train`; empty if no setting would do."""


def few_samples_decide(evidence: Evidence) -> Finding | None:
    """Find outliers that make most of the variance: the map serves them instead of the others."""
    if evidence.terms is None or len(evidence.terms) < FEWEST_TO_HAVE_OUTLIERS:
        return None
    first, share = _largest(evidence.terms.sum(axis=1), FEW_SAMPLES)
    if share < MOST_OF_ALL:
        return None
    size = len(evidence.terms)
    feature = _feature(evidence, int(evidence.terms[first].sum(axis=0).argmax()))
    which = f" (row {first[0]} above all)" if size == evidence.size and evidence.counting is None else ""
    return Finding(
        "a few samples decide",
        f"{_percent(share)} of all distances come from {len(first)} of {size} samples{which}, most from {feature}",
        "look at them: correct them if they are mistakes, else leave them out, or take the logarithm of the feature",
    )


def few_features_decide(evidence: Evidence) -> Finding | None:
    """Find one feature, or a few of many, that make all distances, because their numbers are larger."""
    if evidence.terms is None or evidence.som.features < 2:
        return None
    terms = evidence.terms.sum(axis=0)
    first, share = _largest(terms, FEW_FEATURES)
    few, others = len(first), len(terms) - len(first)
    if share < NEARLY_ALL or np.count_nonzero(terms) <= few:
        return None
    names = ", ".join(_feature(evidence, int(feature)) for feature in first[:3])
    told = f"{_percent(share, digits=4)} of all distances between samples come from {names}"
    return Finding(
        "one feature decides" if few == 1 else "a few features decide",
        f"{told}{', …' if few > 3 else ''}; next to nothing from the other {others}",
        "scale the features, so that each counts alike, unless their units compare",
        "MODEL.SCALING standard",
    )


def still_ordering(evidence: Evidence) -> Finding | None:
    """Find a sigma that was still wide when the training ended."""
    sigma, side = evidence.sigma, evidence.longest_side
    if sigma is None or side < 3 or sigma <= max(WIDEST_SIGMA, WIDEST_SHARE * side):
        return None
    height, width = evidence.som.height, evidence.som.width
    told = f"sigma was {sigma:.3g} lattice steps in the last iteration, on {height} × {width} nodes"
    return Finding("still ordering when it ended", f"{told}: they share what they learn", *_order_longer(evidence))


def _order_longer(evidence: Evidence) -> tuple[str, str]:
    schedule = "TRAINER.ALGORITHM.SIGMA"
    if evidence.iteration is not None and evidence.iteration < (evidence.iterations or 0):
        return f"go on: it ended after {evidence.iteration} of {evidence.iterations} iterations (--resume)", ""
    name, end = evidence.setting(f"{schedule}.NAME"), evidence.setting(f"{schedule}.END")
    if isinstance(end, int | float) and end > 1 and (evidence.iterations or 0) > 1:
        return "let sigma end at the distance of two nodes", f"{schedule}.END 1.0"
    if name in {None, "constant"} or ":" in str(name):
        return "let sigma become smaller", f"{schedule} geometric"
    return "train longer, or let sigma fall faster", f"TRAINER.ITERATIONS {max(100, 10 * (evidence.iterations or 0))}"


def nodes_unreached(evidence: Evidence) -> Finding | None:
    """Find many nodes that win nothing and lie in no order: the neighbourhood never reached them."""
    if evidence.dead is None or evidence.dead - evidence.dead_by_chance < UNREACHED or evidence.turned_back < NO_ORDER:
        return None
    dead, by_chance = _percent(evidence.dead), _percent(evidence.dead_by_chance)
    told = f"{dead} of the nodes win no sample, where {by_chance} would by chance"
    turned = f"at {_percent(evidence.turned_back)} of all nodes the map turns back"
    return Finding("nodes that nothing reached", f"{told}; {turned}", *_order_anew(evidence))


def folded(evidence: Evidence) -> Finding | None:
    """Find a fold or a twist in how the map lies over the data."""
    if evidence.creases < CREASED or not _is_apart(evidence, 0.0, TIMES_FOLDED):
        return None
    crease = f"neighbouring cells face opposite ways along a crease of {evidence.creases:.1f} × the shorter side"
    return Finding("a folded or twisted map", f"{crease}{_topographic(evidence)}", *_order_anew(evidence))


def rate_too_high(evidence: Evidence) -> Finding | None:
    """Find a learning rate that ended high, where it shows: the last samples outweigh the others."""
    rate = evidence.at_end.get("learning_rate", 0.0)
    if rate <= HIGH_RATE or evidence.turned_back >= NO_ORDER:  # it has moved all nodes, more than enough
        return None
    if not (_is_worth_going_on(evidence) or _is_out_of_order(evidence)):
        return None
    key = "TRAINER.ALGORITHM.LEARNING_RATE"
    gain = f": {_going_on(evidence)}" if _is_worth_going_on(evidence) else _topographic(evidence)
    return Finding(
        "a learning rate that ended too high",
        f"it was {rate:.3g} in the last iteration, so that the last samples outweigh the others{gain}",
        "let it fall to 0.01",
        f"{key} geometric" if evidence.setting(f"{key}.END") is None else f"{key}.END 0.01",
    )


def out_of_order(evidence: Evidence) -> Finding | None:
    """Find rows and columns that turn back, or too many samples whose two best nodes are apart."""
    if evidence.turned_back >= NO_ORDER and evidence.distinct >= evidence.som.lattice.size:
        told = f"at {_percent(evidence.turned_back)} of the nodes the map turns back{_topographic(evidence)}"
    elif _is_out_of_order(evidence):
        told = _topographic(evidence).removeprefix("; ")
    else:
        return None
    return Finding("a map out of order", told, *_order_anew(evidence))


def _is_out_of_order(evidence: Evidence) -> bool:
    return evidence.in_order is not None and _is_apart(evidence, APART, TIMES_APART)


def _is_apart(evidence: Evidence, more: float, times: float) -> bool:
    """Whether the topographic error is so much above that of a map that began in order; if that is known."""
    error = evidence.topographic_error
    least = None if evidence.in_order is None else evidence.in_order.topographic_error
    return error is None or least is None or (error > times * least and error >= least + more)


def _topographic(evidence: Evidence) -> str:
    error, in_order = evidence.topographic_error, evidence.in_order
    if error is None:
        return ""
    least = "" if in_order is None else f", {in_order.topographic_error:.3f} for the same map begun from principal axes"
    return f"; topographic error {error:.3f}{least}"


def _order_anew(evidence: Evidence) -> tuple[str, str]:
    start, half = evidence.setting("TRAINER.ALGORITHM.SIGMA.START"), max(1.0, evidence.longest_side / 2)
    if evidence.is_wrapped:
        return "the data may have no edge that is closed: take a lattice with edges", "MODEL.LATTICE.WRAP none"
    if isinstance(start, int | float) and start < half / 2:
        return "let sigma begin with half of the map", f"TRAINER.ALGORITHM.SIGMA.START {half}"
    if _is_worth_going_on(evidence) or evidence.setting("MODEL.INITIAL.NAME") == "pca":
        return _longer(evidence)
    return "begin in order, from principal axes", "MODEL.INITIAL pca"


def not_settled(evidence: Evidence) -> Finding | None:
    """Find that more iterations with the same sigma make the map better at once."""
    if not _is_worth_going_on(evidence):
        return None
    return Finding("it had not settled when it ended", _going_on(evidence), *_longer(evidence))


def _is_worth_going_on(evidence: Evidence) -> bool:
    before, after = evidence.going_on or (0.0, 0.0)
    gain = after - before
    return gain >= WORTH or (gain >= WORTH_OF_REST and gain >= SHARE_OF_REST * (1 - before))


def _going_on(evidence: Evidence) -> str:
    before, after = map(_percent, evidence.going_on or (0.0, 0.0))
    return f"ten more batch iterations with the same sigma explain {after} of the variance instead of {before}"


def _longer(evidence: Evidence) -> tuple[str, str]:
    return "train longer", f"TRAINER.ITERATIONS {max(100, 5 * (evidence.iterations or 0))}"


def too_small(evidence: Evidence) -> Finding | None:
    """Find far fewer nodes than usual, that explain little."""
    if evidence.size is None or evidence.explained is None or evidence.explained >= LITTLE_EXPLAINED:
        return None
    nodes, usual = evidence.som.lattice.size, 5 * np.sqrt(evidence.size)
    if nodes == 1 or nodes >= FEW_NODES * usual:  # one node was meant
        return None
    explained = f"explain {_percent(evidence.explained)} of their variance"
    told = f"{nodes} nodes for {evidence.size} samples {explained}; 5 √N = {usual:.0f} nodes are usual"
    size = "MODEL.HEIGHT auto MODEL.WIDTH auto"
    return Finding("a map too small for the data", told, "let the data choose its size", size)


def class_without_node(evidence: Evidence) -> Finding | None:
    """Find classes that are the most frequent one on no node."""
    if evidence.labels is None or evidence.samples is None:
        return None
    found = classes(evidence.som, evidence.samples, evidence.labels)
    sizes = np.unique(evidence.labels, return_counts=True)[1]
    lost = np.setdiff1d(np.flatnonzero(sizes >= SMALLEST_CLASS), found.majority)
    if not len(lost):
        return None
    names = ", ".join(f"{shown_key(str(found.names[code]))} ({sizes[code]} samples)" for code in lost[:5])
    told = f"no node has most of its samples from {'class' if len(lost) == 1 else 'one of the classes'} {names}"
    return Finding("a class that no node represents", told, "take more nodes, or features that tell the classes apart")


def _largest(terms: NDArray[np.float64], part: float) -> tuple[NDArray[np.int64], float]:
    """Return which are the largest, so many of all but at least one, and their share of the sum."""
    first = np.argsort(terms)[::-1][: max(1, int(part * len(terms)))]
    return first, float(terms[first].sum() / (terms.sum() or 1.0))


def _feature(evidence: Evidence, feature: int) -> str:
    names = evidence.som.feature_names
    return shown_key(names[feature]) if names else f"feature {feature}"


def _percent(share: float, digits: int = 3) -> str:
    return f"{100 * share:.{digits}g} %"


Look = Callable[[Evidence], Finding | None]

DATA_ILL = (few_samples_decide, few_features_decide)
"""Of data that are ill everything else follows."""
ORDERING_ILL = (still_ordering, rate_too_high)

DIAGNOSES: dict[Look, tuple[Look, ...]] = {
    few_samples_decide: (),
    few_features_decide: (few_samples_decide,),
    still_ordering: (),
    rate_too_high: (*DATA_ILL, still_ordering),
    nodes_unreached: (*DATA_ILL, still_ordering),
    folded: (*DATA_ILL, nodes_unreached),
    out_of_order: (*DATA_ILL, *ORDERING_ILL, nodes_unreached, folded),
    not_settled: (*DATA_ILL, *ORDERING_ILL, nodes_unreached, folded, out_of_order),
    too_small: (*DATA_ILL, *ORDERING_ILL, not_settled),
    class_without_node: (*DATA_ILL, *ORDERING_ILL, nodes_unreached, out_of_order, not_settled, too_small),
}
"""Every diagnosis, what to heal first before the rest, and of which others it would be a consequence: then it is not
told, nor asked for."""


def diagnose(evidence: Evidence) -> list[Finding]:
    """Return what is to be looked at; nothing if the map is healthy, as far as the evidence goes.

    Parameters
    ----------
    evidence : Evidence
        What is known of the training.
    """
    found: dict[Look, Finding] = {}
    for look, causes in DIAGNOSES.items():
        if not any(cause in found for cause in causes) and (finding := look(evidence)) is not None:
            found[look] = finding
    return list(found.values())
