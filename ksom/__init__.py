"""ksom: the experiment framework for self-organising maps (Kohonen maps)."""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ksom.dataset import Dataset
    from ksom.datasets.arrays import Array
    from ksom.datasets.colours import RandomColors
    from ksom.datasets.images import ImagePixels
    from ksom.default_setup import Experiment
    from ksom.hooks.hook import Hook
    from ksom.kohonensom_model import KohonenSOM
    from ksom.method.quality import quantization_error, topographic_error
    from ksom.trainer import Trainer, train

__version__ = version("kohonen2")

_HOMES = {
    "Array": "ksom.datasets",
    "Dataset": "ksom.dataset",
    "Experiment": "ksom.default_setup",
    "Hook": "ksom.hooks",
    "ImagePixels": "ksom.datasets",
    "KohonenSOM": "ksom.kohonensom_model",
    "RandomColors": "ksom.datasets",
    "Trainer": "ksom.trainer",
    "quantization_error": "ksom.method.quality",
    "topographic_error": "ksom.method.quality",
    "train": "ksom.trainer",
}

__all__ = [
    "Array",
    "Dataset",
    "Experiment",
    "Hook",
    "ImagePixels",
    "KohonenSOM",
    "RandomColors",
    "Trainer",
    "quantization_error",
    "topographic_error",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import ksom` is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'ksom' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
