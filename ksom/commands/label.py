"""`ksom label`."""

from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug


@click.command(epilog=examples("ksom label logs/penguins penguins.csv --column species",
                              "ksom label map.npz samples.npy --labels classes.npy -o labelled.npz"))  # fmt: skip
@click.option("--column", help="The column of the table that holds the labels; a row without one is left out.")
@click.option("--labels", type=click.Path(path_type=Path), help="An .npy file with the label of each sample.")
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write the map.  [default: MAP itself]")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", type=click.Path(), metavar="DATA")
def label(  # noqa: PLR0917 (click passes them by name)
    som: Path, data: str, column: str | None, labels: Path | None, key: str | None, output: Path | None
) -> int:
    """Give each node the label that most of its samples have; `ksom predict` tells it of new samples then.

    MAP is a run folder or its map.npz. DATA is a table (.csv, .parquet, …), an .npy or .npz file, an image, or an
    experiment's YAML file.
    """
    from ksom.labelling import label_by_column
    from ksom.map_and_data import data_of, file_to_write, labels_of, map_of
    from ksom.method.labels import as_table

    if (column is None) == (labels is None):
        raise click.UsageError("say where the labels are: --column of a table, or --labels of an .npy file")
    known, written = map_of(som), file_to_write(som, output)
    without = 0
    if column is not None:
        without = label_by_column(known, data, column)
    elif labels is not None:
        known.label(data_of(data, key), labels_of(labels))
    known.save(written)
    say(as_table(known.layers))
    if without:
        say(f"{without:,} rows had no label and were left out")
    say(f"written: {written}")
    return 0
