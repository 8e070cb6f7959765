"""Which features are which pixels, where samples are pictures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ksom.kohonensom_model import KohonenSOM


class PictureShape(NamedTuple):
    """How the features of a sample are the pixels of a picture, row by row, the channels of a pixel side by side."""

    height: int
    width: int
    channels: int = 1
    """1: shades of grey; 3: red, green and blue."""


def picture_shape(som: KohonenSOM, dataset: Any = None) -> PictureShape | None:
    """Return the shape of the pictures that a map's samples are, if anything tells it; None: nothing does.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights: its features may be called "pixel_ROW_COLUMN", as in the digits of `Bundled`, and it may
        tell that it was trained on `Images`.
    dataset : Dataset, optional
        With `height`, `width` and `channels`, as `Images` has them.

    Examples
    --------
    >>> from ksom import KohonenSOM
    >>> som = KohonenSOM(1, 2, initial=[[[0.0] * 4, [1.0] * 4]])
    >>> picture_shape(som)
    >>> som.name_features(("pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1"))
    >>> picture_shape(som)
    PictureShape(height=2, width=2, channels=1)
    """
    sides = [getattr(dataset, side, None) for side in PictureShape._fields]
    shapes = (
        _of_sides(sides),
        _of_configuration(som.about_training.get("config")),
        named_shape(som.feature_names or ()),
    )
    return next((shape for shape in shapes if shape and math.prod(shape) == som.features), None)


def named_shape(names: Sequence[str]) -> PictureShape | None:
    """Return the shape of a picture whose pixels are called "pixel_0_0", "pixel_0_1", …; None: they are not.

    Examples
    --------
    >>> named_shape(["pixel_0_0", "pixel_0_1", "pixel_0_2"]), named_shape(["pixel_0_1", "pixel_0_0"])
    (PictureShape(height=1, width=3, channels=1), None)
    """
    parts = names[-1].split("_") if names else []
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 6 for part in parts[1:]):
        return None
    height, width = int(parts[1]) + 1, int(parts[2]) + 1
    are_so = (name == f"pixel_{place // width}_{place % width}" for place, name in enumerate(names))
    return PictureShape(height, width) if height * width == len(names) and all(are_so) else None


def _of_sides(sides: Sequence[Any]) -> PictureShape | None:
    are_sides = all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in sides)
    return PictureShape(*sides) if are_sides else None


def _of_configuration(config: Any) -> PictureShape | None:
    """Return the shape of the thumbnails that a configuration tells of: plain data, which anybody may have written."""
    node = config.get("DATASET") if isinstance(config, Mapping) else None
    if not isinstance(node, Mapping) or node.get("NAME") != "Images":
        return None
    size = node.get("SIZE")
    sides = list(size) if isinstance(size, list | tuple) else [size, size]
    return _of_sides([*sides, 1 if node.get("COLOUR") == "grey" else 3]) if len(sides) == 2 else None
