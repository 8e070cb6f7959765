"""The data sets that an experiment can name. One file per idea."""

from ksom.dataset import DATASETS
from ksom.datasets.arrays import Array
from ksom.datasets.bundled import Bundled
from ksom.datasets.colours import RandomColors
from ksom.datasets.images import ImagePixels
from ksom.datasets.table import Table
from ksom.datasets.thumbnails import Images
from ksom.datasets.windows import Windows

__all__ = ["DATASETS", "Array", "Bundled", "ImagePixels", "Images", "RandomColors", "Table", "Windows"]
