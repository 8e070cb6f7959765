"""Data by the name of their file: what is in a table, in an array, in a folder of images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ksom.array_files import MAGIC_NPY, MAGIC_ZIP, open_data
from ksom.datasets import Array
from ksom.datasets.images import open_image
from ksom.datasets.thumbnails import SUFFIXES
from ksom.errors import DataError
from ksom.experiment_files import CONFIG
from ksom.named_files import is_pattern, named_files
from ksom.remote_files import is_address
from ksom.summary import summarise
from ksom.tables.found_files import holds_tables, is_table
from ksom.tasks.inspection import Inspection, inspect_table


@dataclass(frozen=True)
class Told:
    """What is in data that have no columns."""

    name: str
    dataset: str
    """The data set that reads them."""
    facts: dict[str, Any]
    """By what they are called."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"data": self.name, **self.facts}

    def as_table(self) -> str:
        """Return a line for each fact."""
        lines = [f"  {name.replace('_', ' '):<18} {fact}" for name, fact in self.facts.items()]
        return "\n".join([f"{self.name}: {self.dataset}", *lines])


def inspected(data: str, csv: Mapping[str, Any] | None = None) -> Inspection | Told:
    """Tell what is in data.

    Parameters
    ----------
    data : str
        A table, a pattern or a folder of them; an .npy or .npz file; a folder of images.
    csv : mapping of str to Any, optional
        How CSV files are written, as `ksom.tables.source.TableSource` takes it.

    Raises
    ------
    DataError
        If it is none of them, or cannot be read.
    """
    if is_address(data):
        return _of_array(data) if data.partition("?")[0].endswith(".npy") else inspect_table(data, csv=csv)
    place = Path(data)
    if (place / CONFIG).is_file():
        raise DataError(f"{data}: is the folder of a run, not data; `ksom show {data}` tells what is in its map")
    if is_table(data) or (is_pattern(data) and not _is_of_images(data)):
        return inspect_table(data, csv=csv)
    if is_pattern(data) or place.is_dir():
        of_tables = place.is_dir() and holds_tables(place, SUFFIXES)
        return inspect_table(data, csv=csv) if of_tables else _of_images(data)
    with open_data(place) as file:
        start = file.read(max(len(MAGIC_NPY), len(MAGIC_ZIP)))
    if not start.startswith((MAGIC_NPY, MAGIC_ZIP)):
        if place.suffix.lower() in {".npy", ".npz"}:
            raise DataError(
                f"{data}: {'is empty' if not start else f'is no {place.suffix} file, whatever its name says'}"
            )
        kinds = "a table (.csv, .parquet, .arrow, …), an array (.npy, .npz), or a folder of images"
        raise DataError(f"{data}: is not of a kind that is looked into: {kinds}")
    return _of_array(data)


def _of_array(data: str) -> Told:
    array = Array(data)
    summary = summarise(array, keep_missing=True)
    constant = int((summary.low == summary.high).sum())
    facts = {
        "samples": len(array),
        "features": array.features,
        "lowest": float(np.min(summary.low)),
        "highest": float(np.max(summary.high)),
        "missing": int(np.sum(summary.missing)),
        "constant_features": constant,
        "deviations": f"{np.min(summary.deviation):.4g} to {np.max(summary.deviation):.4g}",
    }
    return Told(data, "Array", facts)


def _is_of_images(pattern: str) -> bool:
    return Path(pattern).suffix.lower() in SUFFIXES


def _of_images(data: str) -> Told:
    found = named_files("data", data, SUFFIXES)
    with open_image(found.files[0]) as image:
        size, mode = f"{image.height} × {image.width}", image.mode
    facts = {"images": len(found.files), "other_files": len(found.left_out), "the_first": f"{size} pixels, {mode}"}
    return Told(data, "Images", facts)
