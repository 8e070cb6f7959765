"""A training in one call."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ksom.algorithms import ALGORITHMS, Algorithm
from ksom.arguments import require_boolean
from ksom.dataset import Dataset
from ksom.errors import ParameterError
from ksom.hooks.hook import Hook
from ksom.hooks.named_hooks import by_name
from ksom.hooks.progress import Progress
from ksom.kohonensom_model import KohonenSOM
from ksom.map_size import chosen_size
from ksom.method.scaling import SCALINGS, FeatureWeights
from ksom.method.schedules import ScheduleLike
from ksom.registry import arguments
from ksom.trainer import Trainer


def train(
    samples: Dataset | ArrayLike,
    height: int | str | None = None,
    width: int | str | None = None,
    iterations: int | None = None,
    seed: int | None = None,
    *,
    algorithm: Algorithm | str = "batch",
    sigma: ScheduleLike | None = None,
    learning_rate: ScheduleLike | None = None,
    batch_size: int | None = None,
    shuffle: bool | str | None = None,
    lattice: Any = None,
    neighbourhood: Any = None,
    distance: Any = None,
    initial: Any = None,
    dtype: str | None = None,
    missing: str | None = None,
    scaling: Any = None,
    backend: str | None = None,
    threads: int | None = None,
    hold_out: float | None = None,
    feature_weights: FeatureWeights | None = None,
    sample_weights: ArrayLike | None = None,
    hooks: Mapping[str, Hook] | Iterable[Hook] | None = None,
    progress: bool = False,
    folder: str | Path | None = None,
    compute: Any = None,
) -> KohonenSOM:
    """Train a map on samples, in one call.

    What is left out is as `KohonenSOM`, `Trainer` and the algorithm have it: a map of 10 × 10 nodes that begins as a
    sheet along the data's principal axes, and 100 iterations of batch training, each of which shows the whole data set,
    while sigma goes from 5 to 0.7. That orders measured data of many kinds, sorted or not; features of different units
    are to be scaled first.

    Parameters
    ----------
    samples : array_like of shape (N, D), sparse matrix, or Dataset
        The data, data units.
    height, width : int or "auto"
        Rows and columns of the map; "auto": chosen to fit the data, 5 · √N nodes in all (`ksom.map_size` explains).
    iterations : int
        How many iterations; each shows one batch.
    seed : int
        Seed of the first weights and of the order of the samples: the same seed gives the same bits.
    algorithm : {"batch", "online"}, or Algorithm
        What an iteration does; `ksom.Online` and `ksom.Batch` explain.
    sigma : float, pair of float, str or schedule
        Radius of the neighbourhood, lattice steps: where it starts, (start, end), or a schedule or its name.
    learning_rate : float, pair of float, str or schedule
        How far a sample moves its best matching node, in (0, 1]; likewise. Not for "batch", which has none.
    batch_size : int
        Samples per iteration; 0: the whole data set.
    shuffle : bool or "auto"
        Show the samples in a new order in every epoch; "auto": where it matters.
    lattice, neighbourhood, distance, initial, dtype, missing, scaling, backend, threads
        As `KohonenSOM` takes them.
    hold_out : float, optional
        Share of the samples that are not learned from; the map is calibrated on them, so that `is_novel` works, with 0
        on those that it has learned from. Default: it is not calibrated.
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, >= 0, beside the scaling; by name, 1 for all others.
    sample_weights : array_like of shape (N,), optional
        How much each sample counts, as `Dataset` takes it; only for "batch".
    hooks : mapping of str to Hook, or iterable of Hook
        Told of the progress.
    progress : bool
        Show a progress bar.
    folder : str or Path, optional
        Where hooks put their results.
    compute : {"here", "processes", "dask"}, concurrent.futures.Executor, dask.distributed.Client or Compute
        Who works, in batch training; never changes a bit. An executor or a client is not shut down.

    Returns
    -------
    KohonenSOM
        The trained map.

    Raises
    ------
    DataError, ParameterError
        As `KohonenSOM`, `Trainer` and the algorithm.

    Examples
    --------
    >>> som = train([[0.0, 0.0], [1.0, 1.0]], height=3, width=3)
    >>> som.weights.shape
    (3, 3, 2)
    >>> som = train([[0.0, 0.0], [1.0, 1.0]], 3, 3, algorithm="online", sigma=(1.5, 0.5), learning_rate=0.3)
    """
    dataset = _weighted(samples, sample_weights)
    intake = _given(dtype=dtype, missing=missing, scaling=_scaling(scaling, feature_weights))
    height, width = chosen_size(height, width, dataset, lambda: KohonenSOM(**intake))
    som = KohonenSOM(
        **intake,
        **_given(
            height=height,
            width=width,
            lattice=lattice,
            neighbourhood=neighbourhood,
            distance=distance,
            initial=initial,
            backend=backend,
            threads=threads,
        ),
    )
    trainer = Trainer(
        som,
        dataset,
        algorithm=_algorithm(algorithm, **_given(sigma=sigma, learning_rate=learning_rate)),
        folder=folder,
        **_given(compute=compute),
        **_given(hooks=_with_progress(hooks or ()) if require_boolean("progress", progress) else hooks),
        **_given(iterations=iterations, batch_size=batch_size, shuffle=shuffle, seed=seed, hold_out=hold_out),
        calibrate=hold_out is not None,
    )
    trainer.train()
    return som


def _given(**arguments: Any) -> dict[str, Any]:
    """Return the arguments that are given; the defaults of the others belong to the constructor that takes them."""
    return {name: value for name, value in arguments.items() if value is not None}


def _algorithm(algorithm: Any, **options: Any) -> Algorithm:
    """Return an algorithm that is given as such, or by its name and options."""
    is_made = ALGORITHMS.holds(algorithm)
    cls = type(algorithm) if is_made else ALGORITHMS.named("algorithm", algorithm)
    for name, value in options.items():
        if name not in arguments(cls):
            others = ", ".join(other for other in ALGORITHMS if name in arguments(ALGORITHMS[other]))
            raise ParameterError(name, f"be left out: {cls.__name__} has none, {others} has", value)
        if is_made:
            raise ParameterError(name, f"be given to the algorithm itself, as in {cls.__name__}({name}=…)", value)
    made: Algorithm = algorithm if is_made else cls(**options)
    return made


def _scaling(scaling: Any, feature_weights: FeatureWeights | None) -> Any:
    """Return a scaling that is given as such, or by its name, with the weights of the features."""
    if feature_weights is None:
        return scaling
    if SCALINGS.holds(scaling):
        told = f"be given to the scaling itself, as in {type(scaling).__name__}(feature_weights=…)"
        raise ParameterError("feature_weights", told, feature_weights)
    return SCALINGS.named("scaling", "none" if scaling is None else scaling)(feature_weights=feature_weights)


def _weighted(samples: Dataset | ArrayLike, weights: ArrayLike | None) -> Dataset:
    if not isinstance(samples, Dataset):
        return Dataset(samples, weights)
    if weights is not None:
        told = "be given to the data set itself, as in Dataset(samples, weights=…)"
        raise ParameterError("sample_weights", told, weights)
    return samples


def _with_progress(hooks: Mapping[str, Hook] | Iterable[Hook]) -> Mapping[str, Hook]:
    return {"Progress": Progress(), **by_name(hooks)}
