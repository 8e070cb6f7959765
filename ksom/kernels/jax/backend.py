"""The backend for accelerators: what the numpy backend does, compiled by JAX for the devices it sees.

The weights stay on the devices, a copy on each; samples are sent to them in pieces of fixed shapes, so that nothing is
compiled twice. One device does online training; all of them share a batch and a search.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as Placed
from numpy.typing import DTypeLike, NDArray

from ksom.errors import BackendUnavailable
from ksom.kernels.backend import OnlineRun, OnlineStep, one_by_one
from ksom.kernels.jax.batch import Product, Sums, add_blocks, applied, in_blocks, moved_plane, moved_to_means
from ksom.kernels.jax.devices import all_devices, computing, require_room
from ksom.kernels.jax.online import learn, pieces
from ksom.kernels.jax.planes import Shape, as_map, as_planes
from ksom.kernels.jax.search import Sent, all_distances, best_matching_nodes, scored
from ksom.kernels.node_sums import PART_ROWS, SUM_ROWS, NodeSums, regrouped
from ksom.kernels.spread import Spread, spread
from ksom.method.neighbourhood import Factors
from ksom.samples import Block
from ksom.sparse_rows import SparseRows

FEWEST_ROWS = 64
"""A block of samples is filled up to so many at least, and to a power of two."""

SENT_BYTES = 2**25
"""About how much is sent to a device in one call, 32 MB."""

MOVE_WORK = 2**33
"""Nodes · side · features: where it is more, the nodes move feature by feature, a second each on one core."""


class JaxBackend:
    """Kohonen's algorithm on all devices that JAX sees; see `Backend` for the operations.

    Parameters
    ----------
    weights : ndarray of shape (H, W, D)
        First weights, data units; copied.
    dtype : dtype
        The working precision, float32 or float64.

    Raises
    ------
    BackendUnavailable
        If JAX finds no device of the kind it is told to use, or samples have missing values or weights.
    DataError
        If the map is too large for a device.
    """

    name = "jax"
    rows_between_pauses = PART_ROWS

    def __init__(self, weights: NDArray[Any], dtype: DTypeLike) -> None:
        self._shape, self._dtype = Shape(*weights.shape), np.dtype(dtype)
        self._mesh = all_devices()
        self._what = f"{self._shape.height} × {self._shape.width} nodes × {self._shape.features} features"
        self._require_room(copies=3)
        self._largest = {"sums": (1, FEWEST_ROWS), "search": (1, FEWEST_ROWS)}
        with self._computing():
            self._infinity = self._on_every_device(np.array(np.inf, dtype))
            self._planes = self._on_every_device(as_planes(weights, dtype))

    @property
    def devices(self) -> str:
        """What it computes on, such as "1 × cpu"."""
        return f"{self._mesh.size} × {self._mesh.devices.flat[0].device_kind}"

    @property
    def weights(self) -> NDArray[Any]:
        with self._computing():
            return as_map(np.asarray(self._planes), self.features)

    @property
    def features(self) -> int:
        return self._shape.features

    def show(self, steps: Iterable[OnlineStep | OnlineRun]) -> None:
        whole = (step._replace(blocks=_whole(step.blocks)) for step in one_by_one(steps))
        for piece in pieces(whole, self._shape, self._dtype):
            with self._computing():  # not while a data set's own code makes the samples
                self._planes = learn(self._planes, self._on_every_device(piece), self._infinity)
        with self._computing():
            self._planes.block_until_ready()  # so that the trainer's times are those of the work

    def node_sums(
        self,
        blocks: Iterable[Block],
        so_far: NodeSums | None = None,
        winners: NDArray[np.int64] | None = None,  # nobody pauses within a part that is on a device
    ) -> NodeSums:
        self._require_room(copies=3, sums=max(2 + self._mesh.size, 5))
        nodes, filled = self._shape.nodes, self._shape.filled
        with self._computing():
            made = self._on_every_device(Sums(np.zeros((nodes, filled)), np.zeros((nodes, 1))))
            ready = scored(self._planes)
        for block in regrouped(_whole(blocks), self._rows_at_once()):
            with self._computing():
                sent = self._sent(block.values, "sums")
                made = add_blocks(made, ready, sent, self._infinity, mesh=self._mesh, shape=self._shape)
        with self._computing():
            sums = NodeSums(np.array(made.sums)[:, : self.features], np.array(made.counts))
        return sums if so_far is None else so_far + sums

    def moving_to_means(self, node_sums: NodeSums, factors: Factors) -> Iterator[None]:
        with self._computing():
            how = self._on_every_device(Product(*factors[:3]) if factors.is_product else spread(factors))
        if self._shape.nodes * max(self._shape.height, self._shape.width) * self.features < MOVE_WORK:
            with self._computing():
                sums = self._on_every_device(Sums(node_sums.sums, node_sums.counts))
                self._planes = moved_to_means(self._planes, sums, how, self._infinity).block_until_ready()
        else:
            yield from self._moving_planes(node_sums, how)

    def _moving_planes(self, node_sums: NodeSums, how: Product | Spread) -> Iterator[None]:
        """Move the nodes of a large map, feature after feature."""
        with self._computing():
            counts = self._on_every_device(node_sums.counts)
            denominators = applied(counts, how, self._infinity, shape=self._shape).block_until_ready()
        moved = []
        for feature in range(self.features):
            yield
            with self._computing():
                sums = self._on_every_device(np.ascontiguousarray(node_sums.sums[:, feature, np.newaxis]))
                plane = self._planes[divmod(feature, self._shape.blocks[1])]
                moved.append(moved_plane(plane, sums, denominators, how, self._infinity).block_until_ready())
        with self._computing():
            self._planes = in_blocks(moved, shape=self._shape).block_until_ready()

    def best_matching_nodes(self, block: Block, k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        [samples] = (each.values for each in _whole([block]))
        nodes = np.empty((len(samples), k), dtype=np.int64)
        nearest = np.empty((len(samples), k), dtype=self._dtype)
        with self._computing():
            ready = scored(self._planes)
            for start in range(0, len(samples), self._rows_at_once()):
                some = slice(start, start + self._rows_at_once())
                sent = self._sent(samples[some], "search")
                found = best_matching_nodes(ready, sent, self._infinity, mesh=self._mesh, shape=self._shape, k=k)
                nodes[some], nearest[some] = (_in_order(array)[: len(nodes[some])] for array in found)
        return nodes, nearest

    def distances(self, block: Block) -> NDArray[Any]:
        [samples] = (each.values for each in _whole([block]))
        with self._computing():
            rows = np.zeros((_power_of_two(len(samples)), self._shape.filled), dtype=self._dtype)
            rows[: len(samples), : self.features] = samples
            squared = all_distances(self._planes, rows, self._infinity)
            distances: NDArray[Any] = np.sqrt(np.asarray(squared)[: len(samples)])
        return distances

    def _rows_at_once(self) -> int:
        """Return how many samples are sent to the devices in one call."""
        block_bytes = SUM_ROWS * self._shape.filled * self._dtype.itemsize
        return SUM_ROWS * self._mesh.size * _power_of_two(max(1, SENT_BYTES // block_bytes))

    def _sent(self, samples: NDArray[Any], use: str) -> Sent:
        """Send samples to the devices, in as many and as large blocks as were ever needed.

        As ever: then the last block of the data, or a smaller batch, lets nothing be compiled anew.
        """
        count = -(-len(samples) // SUM_ROWS)
        each = -(-count // self._mesh.size)
        blocks, rows = self._largest[use]
        blocks, rows = max(blocks, _power_of_two(each)), max(rows, _power_of_two(min(len(samples), SUM_ROWS)))
        self._largest[use] = blocks, rows
        filled_up = np.zeros((self._mesh.size, blocks, rows, self._shape.filled), dtype=self._dtype)
        counts = np.zeros((self._mesh.size, blocks), dtype=np.int64)
        for number in range(count):
            block = samples[number * SUM_ROWS : (number + 1) * SUM_ROWS]
            place = number % self._mesh.size, number // self._mesh.size
            filled_up[(*place, slice(len(block)), slice(self.features))] = block
            counts[place] = len(block)
        places = Sent(*(NamedSharding(self._mesh, place) for place in Sent.places()))
        sent: Sent = jax.device_put(Sent(filled_up, counts, each), places)
        return sent

    def _on_every_device(self, arrays: Any) -> Any:
        """Send arrays to every device, the same to each."""
        return jax.device_put(arrays, NamedSharding(self._mesh, Placed()))

    def _computing(self) -> Any:
        return computing(f"{self._what} of {self._dtype}")

    def _require_room(self, copies: int, sums: int = 0) -> None:
        """Refuse a map that a device has no room for: copies of the weights, and as many sums in float64.

        How many is what the compiler tells of its programs for 300 × 300 nodes of 16 features, rounded up.
        """
        size = self._shape.nodes * self._shape.filled
        needed = copies * size * self._dtype.itemsize + sums * size * 8
        require_room(self._mesh, needed, f"{self._what} of {self._dtype}")


def _whole(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks; refuse those that only the other backends can learn from."""
    for block in blocks:
        what = _beyond(block)
        if what:
            raise BackendUnavailable(f"backend jax cannot take {what}; take the backend numba or numpy")
        yield block


def _beyond(block: Block) -> str:
    """Return what a block has that this backend cannot take."""
    if isinstance(block.values, SparseRows):
        return "sparse samples"
    if block.missing is not None:
        return "missing values"
    return "" if block.weights is None else "sample weights"


def _in_order(found: jax.Array) -> NDArray[Any]:
    """Return what was found for the blocks of all devices, shape (d, blocks, n, k), sample by sample."""
    return np.asarray(found).swapaxes(0, 1).reshape(-1, found.shape[3])


def _power_of_two(number: int) -> int:
    """Return the smallest power of two that is at least `number`."""
    return 1 << (number - 1).bit_length()
