"""`ksom predict`."""

from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, with_compute, with_debug
from ksom.commands.csv_options import with_csv


@click.command(epilog=examples("ksom predict logs/customers new.csv -o segments.csv --id customer",
                               "ksom predict map.npz samples.npy -o nodes.npy"))  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), default="-",
              help="The table to write: .csv, .parquet or .npy.  [default: CSV, printed]")  # fmt: skip
@click.option("--id", "id_column", help="The column that tells the rows apart.  [default: their numbers]")
@click.option("--strange", type=int, default=0, metavar="N",
              help="Name N features that make a sample unlike its node.  [default: none]")  # fmt: skip
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@with_compute
@with_csv("as those that MAP has learned from")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", type=click.Path(), metavar="DATA")
def predict(  # noqa: PLR0917 (click passes them by name)
    som: Path,
    data: str,
    output: Path,
    id_column: str | None,
    strange: int,
    key: str | None,
    compute: str | None,
    csv: dict[str, Any],
) -> int:
    """Say of each sample its node, how far that is, and what is known of the node: label, cluster, novelty.

    MAP is a run folder, its map.npz, or a checkpoint. DATA is a table (.csv, .parquet, …), whose columns are found by
    their names, an .npy or .npz file, an image, or an experiment's YAML file.
    """
    from ksom.tasks.map_and_data import map_of
    from ksom.tasks.predicting import predict_file

    how: dict[str, Any] = {"key": key, "id_column": id_column, "strange": strange, "csv": csv, "compute": compute}
    told = predict_file(map_of(som), data, output, **how)
    without = f", {told.unanswered:,} without any value: no answer" if told.unanswered else ""
    click.echo(f"{told.rows:,} samples{without}{'' if str(output) == '-' else f': {output}'}", err=True)
    return 0
