"""What kinds of pictures need, and what makes it where it is not there."""

from collections.abc import Callable, Mapping

from ksom.datasets.windows import Windows
from ksom.kohonensom_model import KohonenSOM
from ksom.layers import CLUSTERS, LABELS
from ksom.pictures.plots.picture_shape import picture_shape
from ksom.pictures.plots.shown import Shown
from ksom.pictures.plots.ways import series_of


def samples_or(layer: str) -> Callable[[Shown], str | None]:
    """Return what says what is lacking of a layer that samples may stand for."""

    def lacking(shown: Shown) -> str | None:
        is_there = shown.has(layer) or shown.samples is not None
        return None if is_there else f"it needs data: ksom plot {shown.named} DATA"

    return lacking


def unless_has(layer: str) -> Callable[[Shown], bool]:
    """Return what says whether data are wanted for want of a layer."""
    return lambda shown: not shown.has(layer)


def data(shown: Shown) -> str | None:
    """Say that there are no data."""
    return None if shown.samples is not None else f"it needs data: ksom plot {shown.named} DATA"


def always(_: Shown) -> bool:
    """Say that data are wanted."""
    return True


def labels(shown: Shown) -> str | None:
    """Say what is lacking to know labels."""
    if shown.has(LABELS) or shown.labels is not None:
        return None
    return f"the map knows no labels: ksom label {shown.named} DATA --column NAME gives it some"


def clusters(shown: Shown) -> str | None:
    """Say what is lacking to know clusters."""
    return None if shown.has(CLUSTERS) else f"the map has no clusters: ksom cluster {shown.named} finds them"


def groups(shown: Shown) -> str | None:
    """Say what is lacking to look at a node, or at groups of them."""
    if are_chosen(shown) or shown.labels is not None:
        return None
    return f"choose a node: --node ROW,COLUMN; or let ksom cluster {shown.named} find clusters"


def are_chosen(shown: Shown) -> bool:
    """Whether it is known which nodes to look at, without asking the data for classes."""
    return shown.node is not None or shown.cluster is not None or shown.has(CLUSTERS) or shown.has(LABELS)


def asks_classes(shown: Shown) -> bool:
    """Whether data are wanted because their classes would be groups of nodes."""
    return not are_chosen(shown)


def pictures(shown: Shown) -> str | None:
    """Say that nothing tells that samples are pictures."""
    if picture_shape(shown.som, shown.samples) is not None:
        return None
    return "nothing tells that its samples are pictures: the data set Images, or features called pixel_ROW_COLUMN"


def time(shown: Shown) -> str | None:
    """Say that nothing tells that samples are stretches of time, unless such curves were asked for by name."""
    if shown.is_asked or channels_of(shown.som) is not None:
        return None
    return "its samples are no Windows of time; by its name, it is drawn all the same"


def channels_of(som: KohonenSOM) -> int | None:
    """Return how many numbers each moment of a sample has, if the map tells that it has learned from `Windows`."""
    config = som.about_training.get("config")
    node = config.get("DATASET") if isinstance(config, Mapping) else None
    if not isinstance(node, Mapping) or node.get("NAME") != "Windows":
        return None
    number = sum(name.endswith(" t") for name in som.feature_names or ())
    return number if number and som.features % number == 0 else None


def series(shown: Shown) -> str | None:
    """Say that there are no data, or that nothing tells that they are series, unless it was asked for by name."""
    if shown.is_asked:
        return data(shown)
    if isinstance(shown.samples, Windows) or series_of(shown.samples) is not None:
        return None
    return "nothing tells that the samples are a series; by its name, it is drawn of them as they come"


def asked_by_name(shown: Shown) -> bool:
    """Whether data are wanted because nothing can be drawn without them, once it is asked for by name."""
    return shown.is_asked


def history(shown: Shown) -> str | None:
    """Say what is lacking to know how a training went."""
    if shown.history is None:
        return shown.why_no_history or "no numbers of a training: name its run folder"
    return None if shown.history.curves else "the run has written no numbers: its hooks QUALITY and METRICS_WRITER do"
