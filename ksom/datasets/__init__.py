"""The data sets that an experiment can name. One file per idea, imported when it is asked for."""

from typing import TYPE_CHECKING

from ksom.dataset import DATASETS

if TYPE_CHECKING:
    from ksom.datasets.arrays import Array
    from ksom.datasets.bundled import Bundled
    from ksom.datasets.colours import RandomColors
    from ksom.datasets.images import ImagePixels
    from ksom.datasets.table import Table
    from ksom.datasets.thumbnails import Images
    from ksom.datasets.windows import Windows

__all__ = ["DATASETS", "Array", "Bundled", "ImagePixels", "Images", "RandomColors", "Table", "Windows"]

_HOMES = {
    "Array": "arrays",
    "Bundled": "bundled",
    "ImagePixels": "images",
    "Images": "thumbnails",
    "RandomColors": "colours",
    "Table": "table",
    "Windows": "windows",
}

for _name, _home in _HOMES.items():
    DATASETS.register_later(_name, f"ksom.datasets.{_home}")


def __getattr__(name: str) -> type:
    if name in _HOMES:
        return DATASETS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
