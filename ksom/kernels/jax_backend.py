"""The backend for accelerators: what the numpy backend does, compiled by JAX for the devices it sees.

The weights stay on the devices, a copy on each; samples are sent to them in pieces of fixed shapes, so that nothing is
compiled twice. One device does online training; all of them share a batch and a search.
"""

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as Placed
from numpy.typing import DTypeLike, NDArray

from ksom.kernels import OnlineStep
from ksom.kernels.batch_jax import Sums, add_blocks, moved_to_means
from ksom.kernels.devices_jax import all_devices, computing, require_room
from ksom.kernels.node_sums import SUM_ROWS, NodeSums, regrouped
from ksom.kernels.online_jax import learn, pieces
from ksom.kernels.planes_jax import Shape, as_map, as_planes
from ksom.kernels.search_jax import all_distances, best_matching_nodes, scored
from ksom.neighbourhood import Factors

FEWEST_ROWS = 64
"""Samples are filled up to so many at least, and to a power of two."""


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
        If JAX finds no device of the kind it is told to use.
    DataError
        If the map is too large for a device.
    """

    name = "jax"

    def __init__(self, weights: NDArray[Any], dtype: DTypeLike) -> None:
        self._shape, self._dtype = Shape(*weights.shape), np.dtype(dtype)
        self._mesh = all_devices()
        self._what = f"{self._shape.height} × {self._shape.width} nodes × {self._shape.features} features"
        self._require_room(copies=2)
        self._rows = {"sums": FEWEST_ROWS, "search": FEWEST_ROWS}
        with self._computing():
            self._infinity = self._on_every_device(np.array(np.inf, dtype))
            self._planes = self._on_every_device(as_planes(weights, dtype))

    @property
    def weights(self) -> NDArray[Any]:
        with self._computing():
            return as_map(np.asarray(self._planes), self.features)

    @property
    def features(self) -> int:
        return self._shape.features

    def online(self, steps: Iterable[OnlineStep]) -> None:
        with self._computing():
            for piece in pieces(steps, self._shape, self._dtype):
                self._planes = learn(self._planes, self._on_every_device(piece), self._infinity)
            self._planes.block_until_ready()  # so that the trainer's times are those of the work

    def node_sums(self, samples: Iterable[NDArray[Any]]) -> NodeSums:
        self._require_room(copies=2, sums=2)
        nodes, filled = self._shape.nodes, self._shape.filled
        with self._computing():
            made = self._on_every_device(Sums(np.zeros((nodes, filled)), np.zeros(nodes)))
            ready = scored(self._planes)
            for rows in regrouped(samples, SUM_ROWS * self._mesh.size):
                sent = self._on_each_device(rows, SUM_ROWS, "sums")
                made = add_blocks(made, ready, *sent, self._infinity, mesh=self._mesh, shape=self._shape)
            return NodeSums(np.array(made.sums[:, : self.features]), np.array(made.counts))

    def move_to_means(self, node_sums: NodeSums, factors: Factors) -> None:
        with self._computing():
            sent = self._on_every_device((Sums(*node_sums), *factors))
            self._planes = moved_to_means(self._planes, *sent, self._infinity).block_until_ready()

    def best_matching_nodes(self, samples: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        self._require_room(copies=2)
        nodes = np.empty((len(samples), k), dtype=np.int64)
        nearest = np.empty((len(samples), k), dtype=self._dtype)
        with self._computing():
            ready = scored(self._planes)
            each = min(-(-len(samples) // self._mesh.size), SUM_ROWS)
            for start in range(0, len(samples), each * self._mesh.size):
                part = slice(start, start + each * self._mesh.size)
                sent = self._on_each_device(samples[part], each, "search")
                found = best_matching_nodes(ready, *sent, self._infinity, mesh=self._mesh, shape=self._shape, k=k)
                nodes[part], nearest[part] = (_together(array, each, len(nodes[part])) for array in found)
        return nodes, nearest

    def distances(self, samples: NDArray[Any]) -> NDArray[Any]:
        with self._computing():
            rows = np.zeros((_power_of_two(len(samples)), self._shape.filled), dtype=self._dtype)
            rows[: len(samples), : self.features] = samples
            squared = all_distances(self._planes, rows, self._infinity)
            distances: NDArray[Any] = np.sqrt(np.asarray(squared)[: len(samples)])
        return distances

    def _on_each_device(self, samples: NDArray[Any], each: int, use: str) -> tuple[jax.Array, jax.Array]:
        """Send so many samples to each device, filled up to as many rows as were ever needed, and their numbers.

        As many as ever: then the last block of the data, or a smaller batch, lets nothing be compiled anew.
        """
        self._rows[use] = max(self._rows[use], _power_of_two(min(len(samples), each)))
        filled_up = np.zeros((self._mesh.size, self._rows[use], self._shape.filled), dtype=self._dtype)
        counts = np.zeros(self._mesh.size, dtype=np.int64)
        for device, start in enumerate(range(0, len(samples), each)):
            block = samples[start : start + each]
            filled_up[device, : len(block), : self.features], counts[device] = block, len(block)
        place = NamedSharding(self._mesh, Placed("device"))
        return jax.device_put(filled_up, place), jax.device_put(counts, place)

    def _on_every_device(self, arrays: Any) -> Any:
        """Send arrays to every device, the same to each."""
        return jax.device_put(arrays, NamedSharding(self._mesh, Placed()))

    def _computing(self) -> Any:
        return computing(f"{self._what} of {self._dtype}")

    def _require_room(self, copies: int, sums: int = 0) -> None:
        """Refuse a map that a device has no room for: copies of the weights, and sums in float64."""
        size = self._shape.nodes * self._shape.filled
        needed = copies * size * self._dtype.itemsize + sums * size * 8
        require_room(self._mesh, needed, f"{self._what} of {self._dtype}")


def _together(found: jax.Array, each: int, count: int) -> NDArray[Any]:
    """Return what was found for `count` samples, `each` on every device, as one array."""
    return np.asarray(found)[:, :each].reshape(-1, found.shape[2])[:count]


def _power_of_two(number: int) -> int:
    """Return the smallest power of two that is at least `number`."""
    return 1 << (number - 1).bit_length()
