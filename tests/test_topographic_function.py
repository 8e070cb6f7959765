"""The topographic function counts, on either side, what is adjacent on the other and far away here."""

import numpy as np
import pytest

import ksom
from ksom.errors import ParameterError
from ksom.method.lattice import squares_between


def chain(*weights):
    return ksom.KohonenSOM(1, len(weights), initial=np.reshape(weights, (1, -1, 1)), dtype="float64")


def between(*weights):
    """A sample on either side of each middle between two: all pairs that are next to each other in the data."""
    ordered = np.sort(weights)
    middles = (ordered[1:] + ordered[:-1]) / 2
    return np.concatenate([middles - 0.01, middles + 0.01])[:, np.newaxis]


def test_an_ordered_chain_preserves_all():
    weights = (0.0, 1.0, 2.0, 3.0)
    assert not ksom.topographic_function(chain(*weights), between(*weights)).values.any()


def test_a_folded_chain_by_hand():
    """Nodes 0, 2, 1: in the data 0–2 and 2–1 are adjacent (by their indices), on the chain 0–1 and 1–2.

    0–2 is two steps apart on the chain: Φ(1) = 2/3. 0–1 is two steps apart in the data: Φ(−1) = 2/3.
    """
    found = ksom.topographic_function(chain(0.0, 2.0, 1.0), between(0.0, 2.0, 1.0), most=2)
    assert found.k.tolist() == [-2, -1, 0, 1, 2]
    assert found.values == pytest.approx([0, 2 / 3, 4 / 3, 2 / 3, 0])
    assert found.at_zero == pytest.approx(4 / 3)


@pytest.mark.parametrize("lattice", [ksom.Rectangular, ksom.Hexagonal])
@pytest.mark.parametrize("wrap", ["none", "both"])
def test_a_map_that_lies_in_the_data_as_its_lattice_does_preserves_all(lattice, wrap):
    """Samples in the middle between nodes at 1, each on a short way round the torus where the lattice is one."""
    made = lattice(6, 6, wrap=wrap)
    angles = 2 * np.pi * made.positions() / [6, 6 * np.sqrt(made.row_square)]
    weights = made.positions() if wrap == "none" else np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    som = ksom.KohonenSOM(6, 6, lattice=made, initial=weights.reshape(6, 6, -1), dtype="float64")
    nodes = np.arange(36)
    one, other = np.nonzero(np.isclose(squares_between(made, nodes, nodes), 1))
    samples = 0.52 * weights[one] + 0.48 * weights[other]
    assert not ksom.topographic_function(som, samples).values.any()


def test_a_map_of_one_node_preserves_all():
    assert not ksom.topographic_function(chain(0.0), [[0.0], [1.0]]).values.any()


def test_steps_are_a_whole_number():
    with pytest.raises(ParameterError, match="most must be an integer of at least 1, got 0"):
        ksom.topographic_function(chain(0.0, 1.0), [[0.0]], most=0)
