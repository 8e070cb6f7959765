"""`ksom label`."""

from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, say, with_debug
from ksom.commands.csv_options import with_csv


@click.command(epilog=examples("ksom label logs/penguins", "ksom label logs/penguins penguins.csv --column species",
                              "ksom label map.npz samples.npy --labels classes.npy -o labelled.npz"))  # fmt: skip
@click.option("--column", help="The column of the table DATA that holds the labels.  [default: the data's LABEL]")
@click.option("--labels", type=click.Path(path_type=Path), help="An .npy file with the label of each sample, instead.")
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write the map.  [default: MAP itself]")
@with_csv("as those that MAP has learned from")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", required=False, type=click.Path(), metavar="[DATA]")
def label(  # noqa: PLR0917 (click passes them by name)
    som: Path,
    data: str | None,
    column: str | None,
    labels: Path | None,
    key: str | None,
    output: Path | None,
    csv: dict[str, Any],
) -> int:
    """Give each node the label that most of its samples have; `ksom predict` tells it of new samples then.

    MAP is a run folder or its map.npz. DATA is a table (.csv, .parquet, …), an .npy or .npz file, an image, or an
    experiment's YAML file; left out, the data that the run has learned from. A row without a label is left out, and so
    is one that lacks values, if the map does not keep such.
    """
    from ksom.tasks.labelling import label_file

    if column is not None and labels is not None:
        raise click.UsageError("the labels are in one place: --column of a table, or --labels of an .npy file")
    if column is not None and data is None:
        raise click.UsageError("--column is of a table: name it, as DATA")
    say(label_file(som, data, column=column, labels=labels, key=key, output=output, csv=csv))
    return 0
