"""What a map must know to be drawn, and what its numbers are measured in."""

from ksom.answers import Answers
from ksom.encoding import called
from ksom.errors import ParameterError
from ksom.layers import CLUSTERS, DISTANCES, HITS, LABELS
from ksom.map_file import Layer
from ksom.pictures.plots.texts import LONGEST, with_unit

MADE_BY = {
    HITS: "ksom label MAP makes it, or som.calibrate(samples); or give samples",
    LABELS: "ksom label MAP makes it, or som.label(samples, labels)",
    CLUSTERS: "ksom cluster MAP makes it, or som.cluster()",
    DISTANCES: "a training with TRAINER.CALIBRATE makes it, or som.calibrate(samples); or give samples",
}
"""Where a layer comes from."""


def layer_of(som: Answers, name: str) -> Layer:
    """Return a layer of a map.

    Raises
    ------
    ParameterError
        If it has none of that name: what makes it.
    """
    if name not in som.layers:
        raise ParameterError("som", f"have the layer {name!r}: {MADE_BY[name]}", f"layers {sorted(som.layers)}")
    return som.layers[name]


def names_of(som: Answers, longest: int = LONGEST) -> list[str]:
    """Return what the features are called, with their units, as matplotlib shows it."""
    names = called(som.features, som.feature_names, som.encoding)
    units = som.units or (None,) * som.features
    return [with_unit(name, unit, longest) for name, unit in zip(names, units, strict=True)]


def distance_label(som: Answers, what: str) -> str:
    """Return what a distance is called at a colour bar, and that it is in map units where these are not the data's."""
    return f"{what} [map units]" if som.intake.changes_values else what
