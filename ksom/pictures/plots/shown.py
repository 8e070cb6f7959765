"""What pictures are drawn of: a map, and what is known beside it, each worked out when a picture first asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ksom.encoding import called
from ksom.errors import ParameterError, quoted
from ksom.kohonensom_model import KohonenSOM
from ksom.layers import CLUSTERS, LABELS
from ksom.names import nearest
from ksom.runs.history import History


@dataclass
class Shown:
    """A map, as pictures are to show it."""

    som: KohonenSOM
    """The map; it gets layers that pictures ask for, so it is nobody else's."""
    samples: Any = None
    """Data set or array of shape (N, D), data units, read piece by piece; None: not there, or not looked for."""
    labels: NDArray[Any] | None = None
    """The class of each sample, shape (N,)."""
    history: History | None = None
    """The numbers of the training."""
    why_no_history: str = ""
    """What is wrong with them, if they are there and cannot be read."""
    named: str = "MAP"
    """What a command is told to find the map, for advice."""
    is_of_samples: bool = False
    """Whether hits and labels are those of the samples, whatever the map itself was told before."""
    is_asked: bool = False
    """Whether each kind of pictures was asked for by name: then it is drawn, if it can be, whatever it may tell."""
    features: tuple[int, ...] = ()
    """The features that are asked for; none: all."""
    series: tuple[str, ...] = ()
    """The series that are asked for; none: the first ones."""
    node: int | None = None
    """The node that is asked for, row * width + column."""
    cluster: int | None = None
    """The cluster that is asked for."""
    _has_learned: bool = field(default=False, init=False, repr=False)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What the features are called, by their numbers if nobody knows."""
        return called(self.som.features, self.som.feature_names, self.som.encoding)

    def has(self, layer: str) -> bool:
        """Whether the map has been told what is in a layer."""
        return layer in self.som.layers

    def samples_for(self, layer: str) -> Any:
        """Return the samples, if a picture is to be of them: they were named, or the map has no such layer."""
        return self.samples if self.is_of_samples or not self.has(layer) else None

    def learn_labels(self) -> None:
        """Let the map know of which classes each node's samples are, if these tell it and it is not known."""
        if self.labels is not None and not self._has_learned and self.samples_for(LABELS) is not None:
            self.som.label(self.samples, self.labels)
            self._has_learned = True


def features_named(shown: Shown, names: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of features, in the order of their names; several may be told in one text with commas.

    Raises
    ------
    ParameterError
        If the map has no feature of a name.
    """
    known = {name: number for number, name in enumerate(shown.feature_names)}
    told = [part for name in names for part in ([name] if name in known else name.split(","))]
    wanted = [name if name in known else name.strip() for name in told]
    for name in wanted:
        if name not in known:
            raise ParameterError("feature", f"be one of the map's {len(known)} features{nearest(name, known)}", name)
    return tuple(dict.fromkeys(known[name] for name in wanted))


def node_named(shown: Shown, text: str) -> int:
    """Return the number of a node that is told as "ROW,COLUMN", both from 0.

    Raises
    ------
    ParameterError
        If there is no such node.
    """
    lattice = shown.som.lattice
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 2 and all(part.isdecimal() and len(part) < 10 for part in parts):
        row, column = map(int, parts)
        if row < lattice.height and column < lattice.width:
            return row * lattice.width + column
    must = f"be ROW,COLUMN from 0,0 to {lattice.height - 1},{lattice.width - 1}"
    raise ParameterError("node", must, text)


def require_cluster(shown: Shown, cluster: int) -> int:
    """Return the number of a cluster, if the map has it.

    Raises
    ------
    ParameterError
        If it has not.
    """
    if not shown.has(CLUSTERS):
        raise ParameterError(
            "cluster", f"be left out: the map has none; ksom cluster {shown.named} finds them", cluster
        )
    number = int(shown.som.layers[CLUSTERS].about["clusters"])
    if not 0 <= cluster < number:
        raise ParameterError("cluster", f"be one of {quoted(number)} clusters, from 0", cluster)
    return cluster
