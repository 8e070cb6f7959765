"""The sums of a batch, made by whoever is there to make them, in the one order of addition."""

from collections.abc import Iterator

from ksom.compute.compute import Compute
from ksom.compute.here import Here
from ksom.feed import Feed
from ksom.kernels.batch_sums import Samples
from ksom.kohonensom_model import KohonenSOM
from ksom.pace import Pace
from ksom.under_way import UnderWay


def summing(som: KohonenSOM, feed: Feed, begun: UnderWay, pace: Pace, compute: Compute) -> Iterator[UnderWay]:
    """Add the samples of an iteration that were not added yet, yielding wherever one may leave off.

    Parameters
    ----------
    som : KohonenSOM
        The map, which stays as it is.
    feed : Feed
        The samples.
    begun : UnderWay
        Which iteration, and its sums so far, which are added to.
    pace : Pace
        How much is worked between two pauses.
    compute : Compute
        Who works.
    """
    assert isinstance(compute, Here)
    return _here(som, feed, begun, pace)


def _here(som: KohonenSOM, feed: Feed, begun: UnderWay, pace: Pace) -> Iterator[UnderWay]:
    assert begun.sums is not None
    samples, sums, kernels = Samples(feed.batch(begun.iteration, begun.rows)), begun.sums, som.kernels
    while not samples.is_over() or not sums.is_begun:
        pace.begin()
        sums.add(kernels.node_sums, samples, max(pace.samples, kernels.rows_between_pauses))
        pace.end(sums.rows - begun.rows)
        begun.rows = sums.rows
        yield begun
