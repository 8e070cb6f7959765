"""`ksom plot`."""

from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, say, with_debug
from ksom.commands.csv_options import with_csv
from ksom.pictures.plots.figure_file import FORMATS
from ksom.pictures.plots.kinds import KINDS


def listed() -> str:
    """Return the kinds with what they show, in lines that click leaves as they are."""
    broadest = max(map(len, KINDS))
    return "\n".join(["\b\nKinds:", *(f"  {name:<{broadest}}  {kind.shows}" for name, kind in KINDS.items())])


@click.command(epilog="\n\n".join([listed(), examples("ksom plot logs/exp1", "ksom plot logs/customers --kind all",
                              "ksom plot map.npz new.csv --kind hits,planes --format svg -o pictures")]))  # fmt: skip
@click.option("--kind", "kinds", multiple=True, metavar="KINDS",
              help="What to draw: umatrix,planes, say; all: all that there is.  [default: a first look]")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Where to.  [default: plots in the run folder; of a map's file, NAME-plots here]")  # fmt: skip
@click.option("--format", type=click.Choice(FORMATS), default="png", show_default=True, help="Of the files.")
@click.option("--size", type=int, help="Pixels of the longer side of a PNG; text grows with it.")
@click.option("--feature", "features", multiple=True, metavar="NAMES",
              help="The features to show, for planes.  [default: all]")  # fmt: skip
@click.option("--series", multiple=True, metavar="NAME", help="A series to show, for trajectory.  [default: the first]")
@click.option("--node", metavar="ROW,COLUMN", help="The node to show, for features and radar.")
@click.option("--cluster", type=int, metavar="N", help="The cluster to show, for features and radar.")
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@with_csv("as those that MAP has learned from")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", required=False, type=click.Path(), metavar="[DATA]")
def plot(  # noqa: PLR0917 (click passes them by name)
    som: Path,
    data: str | None,
    kinds: tuple[str, ...],
    output: Path | None,
    format: str,  # noqa: A002 (as the option is called)
    size: int | None,
    features: tuple[str, ...],
    series: tuple[str, ...],
    node: str | None,
    cluster: int | None,
    key: str | None,
    csv: dict[str, Any],
) -> int:
    """Draw a map, and what is known of it, into files of a folder.

    MAP is a run folder, of a run that has ended or not, its map.npz, or a checkpoint. DATA is a table (.csv, .parquet,
    …), an .npy or .npz file, an image, or an experiment's YAML file; left out, the data that the run has learned from,
    where a picture needs them.
    """
    from ksom.tasks.plotting import plot as draw

    if size is not None and format != "png":
        raise click.UsageError(f"--size: {format} has no pixels; any size suits it")
    drawn = draw(som, data, kinds=kinds, output=output, format=format, size=size, features=features, series=series,
                 node=node, cluster=cluster, key=key, csv=csv)  # fmt: skip
    say(drawn.as_text())
    return 0
