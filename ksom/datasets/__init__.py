"""The data sets that an experiment can name. One file per idea."""

from ksom.dataset import DATASETS
from ksom.datasets.arrays import Array
from ksom.datasets.colours import RandomColors
from ksom.datasets.images import ImagePixels
from ksom.datasets.table import Table

__all__ = ["DATASETS", "Array", "ImagePixels", "RandomColors", "Table"]
