"""`ksom cluster`."""

import json
from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, say, with_debug
from ksom.commands.csv_options import with_csv
from ksom.method.clusters import METHODS


@click.command(epilog=examples("ksom cluster logs/customers", "ksom cluster map.npz new.csv --clusters 5 --json",
                              "ksom cluster logs/wine --method kmeans --seed 1 -o wine.npz"))  # fmt: skip
@click.option("--method", type=click.Choice(METHODS), default="ward", show_default=True,
              help="ward and umatrix find clusters that are connected on the map.")  # fmt: skip
@click.option("--clusters", default="auto", show_default=True,
              help="How many; auto: as many as the data have, which may be one.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of the starts of kmeans.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write the map.  [default: MAP itself]")
@with_csv("as those that MAP has learned from")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", required=False, type=click.Path(), metavar="[DATA]")
def cluster(  # noqa: PLR0917 (click passes them by name)
    som: Path,
    data: str | None,
    method: str,
    clusters: str,
    seed: int,
    as_json: bool,
    key: str | None,
    output: Path | None,
    csv: dict[str, Any],
) -> int:
    """Group the nodes of a map into clusters, and say what distinguishes each, with a short rule checked on the data.

    MAP is a run folder or its map.npz. DATA is a table (.csv, .parquet, …), an .npy or .npz file, an image, or an
    experiment's YAML file; left out, the data that the run has learned from, or the nodes alone of a map without a run.
    """
    from ksom.tasks.clustering import cluster_file

    number = int(clusters) if clusters.isdecimal() else clusters
    found = cluster_file(som, data, method, number, seed, key, output, csv)
    say(json.dumps(found.as_dict(), indent=2, ensure_ascii=False) if as_json else found.as_text())
    return 0
