"""The two directions in which samples spread most, found in two passes, the same bits on any number of threads."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.method.random_streams import stream
from ksom.samples import Block

LARGEST = 1024
"""Features up to which a covariance is added up, and samples that are looked at where there are more features: either
way a matrix of at most 8 MB."""

PIECE_ROWS = 1024
"""Samples that are centred at a time: a few copies in float64 are held beside them."""

BITS = 20
"""Of a whole number: products of two of them, added over a piece, are exact in float64."""

DIRECTIONS = 32
"""How many directions are followed to find two. Of so few, no linear algebra library uses threads."""

STEPS, SETTLED = 50, 1e-10
"""When to stop: after so many steps, or where a direction is kept by the covariance, to this share of the largest."""

ROUNDING = 1e-12
"""What is left of a vector that others make up, of its own size."""

Blocks = Callable[[], Iterable[Block]]
"""Gives all samples, whenever it is called."""


class Axes(NamedTuple):
    """Where samples lie, and how they spread."""

    mean: NDArray[np.float64]
    """Data units, shape (D,)."""
    directions: NDArray[np.float64]
    """The first and second principal axis, of length 1, shape (2, D); 0 where there is none. Of each, the component
    that is largest in magnitude is positive: of equals, that of the first feature."""
    deviations: NDArray[np.float64]
    """The standard deviation along each, √λ, data units, shape (2,)."""


def principal_axes(blocks: Blocks) -> Axes:
    """Return the mean of samples and the two eigenvectors with the largest eigenvalues λ of their covariance.

    The mean is that of the values that are there, a missing one counts as the mean, and samples count by their weights:
    covariance = Σ v (x − mean)(x − mean)ᵀ / Σ v. Where there are more than 1,024 features, the directions are those of
    at most 1,024 samples, evenly spaced. Where many directions have nearly the same variance, two of these are found.

    Parameters
    ----------
    blocks : callable
        Returns all samples in blocks, each time it is called.

    References
    ----------
    I. T. Jolliffe, Principal Component Analysis, 2nd ed., Springer 2002.
    """
    mean, weight, samples = _mean(blocks)
    if len(mean) <= LARGEST:
        variances, vectors = _leading(sum(map(_products, _weighted(blocks, mean))) / weight)
    else:
        vectors = _of_some(_some(blocks, mean, samples))
        variances = sum(np.square(_times(rows, vectors)).sum(axis=0) for rows in _weighted(blocks, mean)) / weight
    directions, deviations = np.zeros((2, len(mean))), np.zeros(2)
    for number, variance in enumerate(variances):
        directions[number], deviations[number] = _signed(vectors[:, number]), np.sqrt(variance)
    return Axes(mean, directions, deviations)


def _mean(blocks: Blocks) -> tuple[NDArray[np.float64], float, int]:
    """Return the mean of the values that are there, the weight of all samples, and their number."""
    (first,) = islice(blocks(), 1)
    centre = first.values[0].astype(np.float64)  # sums of what is near 0 are exact far from the origin too
    total, known, weight, samples = np.zeros_like(centre), np.zeros_like(centre), 0.0, 0
    for piece in _centred(blocks, centre):
        weights = np.ones(len(piece.values)) if piece.weights is None else piece.weights
        total += np.einsum("n,nd->d", weights, piece.values)
        known += weights.sum() if piece.missing is None else np.einsum("n,nd->d", weights, ~piece.missing)
        weight, samples = weight + float(weights.sum()), samples + len(piece.values)
    return centre + total / known, weight, samples


def _centred(blocks: Blocks, centre: NDArray[np.float64]) -> Iterator[Block]:
    """Yield x − centre in float64, 0 where a value is missing, some samples at a time."""
    for block in blocks():
        for start in range(0, len(block.values), PIECE_ROWS):
            piece = block.rows(start, start + PIECE_ROWS)
            values = np.subtract(piece.values, centre, order="C")  # the same bits, however the samples lie in memory
            if piece.missing is not None:
                values[piece.missing] = 0
            yield piece._replace(values=values)


def _weighted(blocks: Blocks, mean: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield √v (x − mean)."""
    for piece in _centred(blocks, mean):
        yield piece.values if piece.weights is None else piece.values * np.sqrt(piece.weights)[:, np.newaxis]


def _some(blocks: Blocks, mean: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Return √v (x − mean) of at most 1,024 samples, evenly spaced."""
    step, first, chosen = max(1, -(-samples // LARGEST)), 0, []
    for rows in _weighted(blocks, mean):
        chosen.append(rows[-first % step :: step])
        first += len(rows)
    return np.concatenate(chosen)


def _of_some(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the axes of a few samples of many features, as columns: sums of samples, by their products' eigenvectors.

    References
    ----------
    M. Turk and A. Pentland, Eigenfaces for recognition, Journal of Cognitive Neuroscience 3, 1991.
    """
    parts = (rows[:, first : first + PIECE_ROWS].T for first in range(0, rows.shape[1], PIECE_ROWS))
    _, sums = _leading(sum(map(_products, parts)))
    return _of_length_one(_times(rows.T, sums))


def _products(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rowsᵀ · rows, exact but for 2⁻⁴⁰ of each feature's largest value.

    A value is cut into two whole numbers of 20 bits. Sums of their products are whole numbers below 2⁵³, which float64
    holds: so BLAS may add them in any order, on any number of threads, and has the same bits.
    """
    unit = np.ldexp(1.0, np.frexp(np.abs(rows).max(axis=0))[1] - BITS)
    scaled = rows / unit
    high = np.rint(scaled)
    low = np.rint((scaled - high) * 2.0**BITS)
    crossed = high.T @ low
    products: NDArray[np.float64] = (high.T @ high + (crossed + crossed.T) / 2.0**BITS) * unit * unit[:, np.newaxis]
    return products


def _leading(matrix: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the two largest eigenvalues of a covariance, and their eigenvectors as columns.

    Orthogonal iteration with the Rayleigh-Ritz method; exact at once for at most 32 features.

    References
    ----------
    G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., Johns Hopkins 2013, section 8.2.
    """
    size = len(matrix)
    basis = np.eye(size)
    if size > DIRECTIONS:
        basis = _orthonormal(_times(matrix, stream(0, "principal axes").normal(size=(size, DIRECTIONS))))
    for _ in range(STEPS):
        images = _times(matrix, basis)
        values, turns = np.linalg.eigh(_times(basis.T, images))
        values, turns = values[:-3:-1], turns[:, :-3:-1]
        vectors = _times(basis, turns)
        left = _times(images, turns) - vectors * values
        if np.abs(left).max() <= SETTLED * values[0]:
            break
        basis = _orthonormal(images)
    return np.maximum(values, 0.0), vectors


def _times(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the product of two matrices, without BLAS, whose bits depend on its threads."""
    product: NDArray[np.float64] = np.einsum("ij,jk->ik", left, right)
    return product


def _orthonormal(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the columns made orthogonal to those before them and of length 1; 0 where nothing but rounding is left."""
    basis = np.zeros_like(columns.T)
    for number, column in enumerate(columns.T):
        left = column
        for _ in range(2):  # once more, for the rounding
            left = left - np.einsum("i,id->d", np.einsum("id,d->i", basis[:number], left), basis[:number])
        if np.abs(left).max() > ROUNDING * np.abs(column).max():
            basis[number] = _of_length_one(left)
    return basis.T


def _of_length_one(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of length 1, or 0 as it is."""
    length = np.sqrt(np.square(columns).sum(axis=0))
    scaled: NDArray[np.float64] = columns / np.where(length > 0, length, 1.0)
    return scaled


def _signed(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.abs(direction)
    largest = np.argmax(size >= size.max() * (1 - 1e-6))  # of equals, which rounding makes unequal, the first
    return -direction if direction[largest] < 0 else direction
