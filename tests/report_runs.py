"""A run that tests of reports look at."""

import json
import re
from pathlib import Path
from typing import Any

import ksom
from ksom.tasks.sight import Sight

IRIS = """
DATASET: {NAME: Bundled, SET: iris}
MODEL: {HEIGHT: 6, WIDTH: 5, SCALING: standard, LATTICE: hexagonal}
TRAINER: {ITERATIONS: 20, ALGORITHM: batch}
HOOKS: {VLOG: {SIZE: 64}}
"""


def run_on_iris(folder: Path) -> Path:
    """Train on iris, and return the folder of the run."""
    (folder / "iris.yaml").write_text(IRIS)
    return ksom.Experiment(folder / "iris.yaml", output_dir=folder / "iris").run().folder


def page_of(path: Path) -> dict[str, Any]:
    """Return the data in a page's file."""
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found is not None
    told: dict[str, Any] = json.loads(found[1])
    return told


def as_sight(som: ksom.KohonenSOM, samples: Any = None) -> Sight:
    """Return a map, and samples, as if they had been read."""
    return Sight(Path("m.npz"), Path("m.npz"), som, True, dataset=None if samples is None else ksom.Dataset(samples))
