"""Products of a few samples with a few nodes, whose sums stay in registers.

Numba makes a loop over nodes of sums: for each feature it loads and stores every one, and lives on what a first cache
can bring. Here the sums of 4 samples with as many nodes as vector registers hold are written once, after all features.
How LLVM is told so, numba has no words for: the loop is put together instruction by instruction. A core did 100
to 116 GFLOP/s at 16 … 784 features, where OpenBLAS did 87 to 100.
"""

from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable
from numpy.typing import DTypeLike

from ksom.kernels.numba.vectors import multiple

SAMPLES = 4
"""How many samples are multiplied at once, at least: each weight that is loaded is used so often."""

ROW_BYTES = 256
"""The most nodes that lie together, in bytes of one feature's weights: four of the largest registers there are."""

REGISTER_BYTES = 64
"""So many bytes, or two, three or four times as many, may lie together: the largest register there is."""

CONTRACT = ("contract",)
"""Multiplying and adding are one operation where the processor has it; nothing else may differ from what is written."""


def lanes(dtype: DTypeLike) -> int:
    """Return how many nodes lie together: 64 in float32, 32 in float64."""
    return ROW_BYTES // np.dtype(dtype).itemsize


def lanes_for(count: int, dtype: DTypeLike) -> int:
    """Return how many of some nodes, or axes, lie together so that the fewest places stay empty; the most of such.

    Examples
    --------
    >>> [lanes_for(count, np.float32) for count in (12, 17, 48, 100, 900, 1024)], lanes_for(100, np.float64)
    ([16, 32, 48, 16, 48, 64], 8)
    """
    one, most = (size // np.dtype(dtype).itemsize for size in (REGISTER_BYTES, ROW_BYTES))
    return min(range(most, 0, -one), key=lambda together: multiple(count, together))


def put_products(so_far, samples, weights, sums):
    """Put so_far + samples · weights into sums, shapes (n or 1, lanes), (n, features), (features, lanes), (n, lanes).

    The last axis of each lies together, and n is as `products.samples_at_once` tells. Called from Python, as numpy does
    it; in what order it adds is not told.
    """
    sums[:] = so_far + samples @ weights


@type_callable(put_products)
def _typed(_context: Any) -> Any:
    def typer(_so_far: Any, _samples: Any, _weights: Any, _sums: Any) -> Any:
        return types.none

    return typer


@lower_builtin(put_products, types.Array, types.Array, types.Array, types.Array)
def _lowered(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Write the instructions of `put_products` for this processor."""
    width, vectors = registers(context.codegen().magic_tuple())
    so_far, samples, weights, sums = (
        Rows(context, builder, kind, argument) for kind, argument in zip(signature.args, arguments, strict=True)
    )
    item = weights.item_bytes
    vector = ir.VectorType(weights.item, width // item)
    for size in range(REGISTER_BYTES, ROW_BYTES + 1, REGISTER_BYTES):
        with builder.if_then(builder.icmp_signed("==", weights.length, weights.at(size // item))):
            of_vector = min(vectors, size // width)
            parts = range(0, size, width * of_vector)
            places = [[(part + i * width) // item for i in range(of_vector)] for part in parts]
            at_once = max(SAMPLES, width * vectors // size * SAMPLES)
            few = [range(first, first + at_once) for first in range(0, ROW_BYTES // size * SAMPLES, at_once)]
            for some, columns in product(few, places):
                _put_few(builder, vector, some, columns, so_far, samples, weights, sums)
    return context.get_dummy_value()


def _put_few(
    builder: Any,
    vector: Any,
    few: range,
    places: list[int],
    so_far: "Rows",
    samples: "Rows",
    weights: "Rows",
    sums: "Rows",
) -> None:
    """Write the instructions for as many samples and vectors as registers hold sums of."""
    zero = ir.Constant(vector, None)
    held = {sample: [cgutils.alloca_once_value(builder, zero) for _ in places] for sample in few}
    with cgutils.for_range(builder, weights.count) as loop:
        loaded = [weights.load(loop.index, weights.at(place), vector) for place in places]
        for sample, row in held.items():
            value = _in_all_lanes(builder, samples.load(samples.at(sample), loop.index, samples.item), vector)
            for sum_, weight in zip(row, loaded, strict=True):
                multiplied = builder.fmul(value, weight, flags=CONTRACT)
                builder.store(builder.fadd(builder.load(sum_), multiplied, flags=CONTRACT), sum_)
    for sample, row in held.items():
        for sum_, place in zip(row, places, strict=True):
            begun = so_far.load(so_far.row(sample), so_far.at(place), vector)
            sums.store(builder.fadd(begun, builder.load(sum_), flags=CONTRACT), sums.at(sample), sums.at(place))


def registers(processor: tuple[str, ...]) -> tuple[int, int]:
    """Return the bytes of a vector, and how many of them hold one sample's sums.

    By the features of the processor for which numba compiles, of which the machine code's name in the cache is made.
    With AVX-512 there are 32 vectors of 64 bytes, of which sums fill 16; elsewhere 16 of 32, of which they fill 8, or
    32 of 16 bytes, of which they fill 16.
    """
    return (64, 4) if "+avx512f" in processor[2].split(",") else (32, 2)


def _in_all_lanes(builder: Any, value: Any, vector: Any) -> Any:
    """Return a vector of one value."""
    alone = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(
        alone, ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
    )


class Rows:
    """Rows of numbers that lie together, as instructions reach them.

    Parameters
    ----------
    context, builder : object
        Numba's, of the function that is compiled.
    kind : Array
        The array's type.
    argument : Value
        The array.
    """

    def __init__(self, context: Any, builder: Any, kind: Any, argument: Any) -> None:
        array = context.make_array(kind)(context, builder, argument)
        self._builder = builder
        self._begin = array.data
        self._stride = cgutils.unpack_tuple(builder, array.strides, 2)[0]
        self.count, self.length = cgutils.unpack_tuple(builder, array.shape, 2)
        self.item = context.get_data_type(kind.dtype)
        self.item_bytes = kind.dtype.bitwidth // 8

    def at(self, place: int) -> Any:
        """Return an index that is known now as one that instructions take."""
        return ir.Constant(self.count.type, place)

    def row(self, index: int) -> Any:
        """Return the index of a row; that of the first if there is no other."""
        one = self._builder.icmp_signed("==", self.count, self.at(1))
        return self._builder.select(one, self.at(0), self.at(index))

    def load(self, row: Any, column: Any, kind: Any) -> Any:
        """Return a number, or a vector of them, from a row's column on."""
        return self._builder.load(self._address(row, column, kind), align=self.item_bytes)

    def store(self, value: Any, row: Any, column: Any) -> None:
        """Put a vector into a row, from a column on."""
        self._builder.store(value, self._address(row, column, value.type), align=self.item_bytes)

    def _address(self, row: Any, column: Any, kind: Any) -> Any:
        builder = self._builder
        offset = builder.add(builder.mul(row, self._stride), builder.mul(column, self.at(self.item_bytes)))
        begin = builder.bitcast(self._begin, cgutils.voidptr_t)
        return builder.bitcast(builder.gep(begin, [offset]), kind.as_pointer())
