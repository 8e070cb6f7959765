"""The experiment framework for self-organising maps (Kohonen maps).

`train` trains a map in one call. `KohonenSOM` is the map, `Trainer` trains it with a data set, an algorithm (`Online`,
`Batch`), schedules (`Exponential`, `Linear`, `Geometric`) and hooks; `Experiment` is the same from a YAML file.

>>> import ksom
>>> som = ksom.train(ksom.RandomColors(20), height=5, width=5, sigma=(3, 0.5))
>>> som.best_matching_nodes([[0.1, 0.2, 0.3]]).shape
(1,)
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ksom.algorithms import Batch, Online
    from ksom.dataset import Dataset
    from ksom.datasets import Array, Bundled, ImagePixels, Images, RandomColors, Table, Windows
    from ksom.default_setup import Experiment
    from ksom.errors import KsomError
    from ksom.evaluation import evaluate
    from ksom.hooks import (
        Checkpoint,
        Hook,
        MetricsWriter,
        MLflow,
        Picture,
        Plots,
        Progress,
        Quality,
        StopOnNaN,
        TensorBoard,
        TimeLimit,
        Timing,
        Vlog,
    )
    from ksom.kohonensom_model import KohonenSOM
    from ksom.method.classes import entropy, purity
    from ksom.method.distance import Euclidean
    from ksom.method.distortion import distortion
    from ksom.method.kaski_lagus import kaski_lagus
    from ksom.method.lattice import Hexagonal, Lattice, Rectangular
    from ksom.method.neighbourhood import Bubble, Epanechnikov, Gaussian, MexicanHat, Neighbourhood, Triangle
    from ksom.method.profiles import profiles
    from ksom.method.quality import dead_nodes, quantization_error, topographic_error
    from ksom.method.residuals import error_of_one_node, explained_variance
    from ksom.method.scaling import PerColumn
    from ksom.method.schedules import Constant, Exponential, FromStartToEnd, Geometric, HalfCosine, Inverse, Linear
    from ksom.method.topographic_function import topographic_function
    from ksom.method.topographic_product import topographic_product
    from ksom.method.trustworthiness import neighbourhood_preservation, trustworthiness
    from ksom.method.umatrix import umatrix
    from ksom.quantization import quantize
    from ksom.trainer import Trainer
    from ksom.training import train

    __version__: str

_HOMES = {
    "algorithms": ("Batch", "Online"),
    "dataset": ("Dataset",),
    "datasets": ("Array", "Bundled", "ImagePixels", "Images", "RandomColors", "Table", "Windows"),
    "default_setup": ("Experiment",),
    "errors": ("KsomError",),
    "evaluation": ("evaluate",),
    "hooks": (
        "Checkpoint",
        "Hook",
        "MLflow",
        "MetricsWriter",
        "Picture",
        "Plots",
        "Progress",
        "Quality",
        "StopOnNaN",
        "TensorBoard",
        "TimeLimit",
        "Timing",
        "Vlog",
    ),
    "kohonensom_model": ("KohonenSOM",),
    "method.classes": ("entropy", "purity"),
    "method.distance": ("Euclidean",),
    "method.distortion": ("distortion",),
    "method.kaski_lagus": ("kaski_lagus",),
    "method.lattice": ("Hexagonal", "Lattice", "Rectangular"),
    "method.neighbourhood": ("Bubble", "Epanechnikov", "Gaussian", "MexicanHat", "Neighbourhood", "Triangle"),
    "method.profiles": ("profiles",),
    "method.quality": ("dead_nodes", "quantization_error", "topographic_error"),
    "method.residuals": ("error_of_one_node", "explained_variance"),
    "method.scaling": ("PerColumn",),
    "method.schedules": (
        "Constant",
        "Exponential",
        "FromStartToEnd",
        "Geometric",
        "HalfCosine",
        "Inverse",
        "Linear",
    ),
    "method.topographic_function": ("topographic_function",),
    "method.topographic_product": ("topographic_product",),
    "method.trustworthiness": ("neighbourhood_preservation", "trustworthiness"),
    "method.umatrix": ("umatrix",),
    "quantization": ("quantize",),
    "trainer": ("Trainer",),
    "training": ("train",),
}

__all__ = [
    "Array",
    "Batch",
    "Bubble",
    "Bundled",
    "Checkpoint",
    "Constant",
    "Dataset",
    "Epanechnikov",
    "Euclidean",
    "Experiment",
    "Exponential",
    "FromStartToEnd",
    "Gaussian",
    "Geometric",
    "HalfCosine",
    "Hexagonal",
    "Hook",
    "ImagePixels",
    "Images",
    "Inverse",
    "KohonenSOM",
    "KsomError",
    "Lattice",
    "Linear",
    "MLflow",
    "MetricsWriter",
    "MexicanHat",
    "Neighbourhood",
    "Online",
    "PerColumn",
    "Picture",
    "Plots",
    "Progress",
    "Quality",
    "RandomColors",
    "Rectangular",
    "StopOnNaN",
    "Table",
    "TensorBoard",
    "TimeLimit",
    "Timing",
    "Trainer",
    "Triangle",
    "Vlog",
    "Windows",
    "dead_nodes",
    "distortion",
    "entropy",
    "error_of_one_node",
    "evaluate",
    "explained_variance",
    "kaski_lagus",
    "neighbourhood_preservation",
    "profiles",
    "purity",
    "quantization_error",
    "quantize",
    "topographic_error",
    "topographic_function",
    "topographic_product",
    "train",
    "trustworthiness",
    "umatrix",
]


if not TYPE_CHECKING:  # type checkers know the names above, and no others

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used, so that `import ksom` is quick."""
        if name == "__version__":
            from importlib.metadata import version

            return version("kohonen2")
        for home, names in _HOMES.items():
            if name in names:
                return getattr(_import_module(f"ksom.{home}"), name)
        raise AttributeError(f"module 'ksom' has no attribute {name!r}{_nearest(name)}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return [*__all__, "__version__"]


def _nearest(name: str) -> str:
    from ksom.names import nearest

    return nearest(name, __all__)
