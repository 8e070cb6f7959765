"""Prototypes that are pictures: of which height, width and channels the features are the pixels."""

import re
from collections.abc import Mapping
from typing import Any

from ksom.datasets.thumbnails import sides_of
from ksom.errors import KsomError
from ksom.kohonensom_model import KohonenSOM
from ksom.tasks.map_and_data import own_reading

_PIXEL = re.compile(r"pixel_(\d+)_(\d+)")
"""What scikit-learn calls the pixels of its digits: row and column."""

Shape = dict[str, int]


def picture_shape(som: KohonenSOM) -> Shape | None:
    """Return the shape of the picture that each node's weights are; None if they are none, as far as the map tells."""
    own = own_reading(som)
    found = _of_images(own) if own is not None and own["NAME"] == "Images" else _of_names(som.feature_names or ())
    if found is None or found["height"] * found["width"] * found["channels"] != som.features:
        return None
    return found


def _of_images(node: Mapping[str, Any]) -> Shape | None:
    size, colour = node.get("SIZE", 32), node.get("COLOUR", "rgb")
    try:
        height, width = sides_of(size)
    except KsomError:  # a stranger's map may tell anything
        return None
    return {"height": height, "width": width, "channels": 1 if colour == "grey" else 3}


def _of_names(names: tuple[str, ...]) -> Shape | None:
    places = [_PIXEL.fullmatch(name) for name in names]
    if not places or not all(places):
        return None
    rows, columns = zip(*((int(place[1]), int(place[2])) for place in places if place), strict=True)
    height, width = max(rows) + 1, max(columns) + 1
    if height * width != len(names):
        return None
    if [(row, column) for row in range(height) for column in range(width)] != list(zip(rows, columns, strict=True)):
        return None
    return {"height": height, "width": width, "channels": 1}
