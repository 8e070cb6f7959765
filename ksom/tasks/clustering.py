"""From the file of a map to clusters that are kept in it, with what distinguishes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ksom.amounts import number_of
from ksom.layers import CLUSTERS, HITS
from ksom.map_file import Layer
from ksom.method.hits import hits
from ksom.method.profiles import Profiles, profiles
from ksom.tasks.map_and_data import file_to_write, map_and_data, map_of

ENOUGH_VALLEYS = 0.5
"""Clusters that fewer of their borders tell apart are parts of one mass."""


@dataclass(frozen=True)
class Clustering:
    """The clusters of a map, as a command tells of them."""

    about: Mapping[str, Any]
    """As the layer `clusters` has it."""
    found: Profiles
    """What distinguishes each."""
    written: Path
    """The map's file."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data that JSON can hold."""
        return {**self.about, **self.found.as_dict(), "written": str(self.written)}

    def as_text(self) -> str:
        """Return the clusters, one after another, and what they are worth."""
        return "\n".join(
            filter(None, [self._number(), self.found.as_table(), self._checked(), f"written: {self.written}"])
        )

    def _number(self) -> str:
        number, method, valleys = (self.about[key] for key in ("clusters", "method", "share_of_valleys"))
        if number == 0:
            return f"{method}: no clusters: no region of the map is denser than the rest"
        if number == 1 and self.about["number"] == "found":
            told = "samples are nowhere rarer between clusters than inside, so these would be parts of one mass"
            return f"{method}: one cluster; {told}; --clusters N cuts it into N parts all the same"
        told = f"{method}: {number_of('cluster', number)}, number {self.about['number']}"
        if number == 1:
            return told
        told += f"; at {valleys:.0%} of their borders samples are rarer than on both sides"
        if valleys >= ENOUGH_VALLEYS:
            return told
        return f"{told}: unless they wind around each other, they are rather parts of one mass"

    def _checked(self) -> str:
        return "rules were checked on the nodes alone; name the data to check them on samples" * (
            self.found.checked_on == "nodes"
        )


def cluster_file(  # noqa: PLR0917 (what the command was given)
    som_path: Path,
    data: str | None,
    method: str,
    clusters: int | str,
    seed: int,
    key: str | None,
    output: Path | None,
    csv: Mapping[str, Any] | None = None,
) -> Clustering:
    """Group the nodes of a map, write it, and return what distinguishes its clusters.

    Parameters
    ----------
    som_path : Path
        The map's file, or a run folder.
    data : str, optional
        The file of samples to check rules on, and to count hits of a map that has none. Default: those that the run has
        learned from; of a map without a run its nodes.
    method, clusters, seed
        As `KohonenSOM.cluster` takes them.
    key : str, optional
        Which array of an .npz file.
    output : Path, optional
        Where to write the map. Default: its own file.
    csv : mapping of str to Any, optional
        How CSV files are written. Default: as those that the map has learned from.

    Raises
    ------
    DataError, ConfigError, ParameterError, NotInstalled, OutputError
        If something cannot be read, found or written.
    """
    if data is None and not som_path.is_dir():
        som, samples = map_of(som_path), None
    else:
        som, samples = map_and_data(som_path, data, key, csv)
    written = file_to_write(som_path, output)
    if samples is not None and HITS not in som.layers:
        som.layers[HITS] = Layer(hits(som, samples), {"samples": len(samples)})
    som.cluster(method, clusters, seed)
    found = profiles(som, samples)
    som.save(written)
    return Clustering(som.layers[CLUSTERS].about, found, written)
