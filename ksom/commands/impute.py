"""`ksom impute`."""

from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, with_debug
from ksom.commands.csv_options import with_csv


@click.command(epilog=examples("ksom impute logs/penguins penguins.csv -o whole.csv"))
@click.option("-o", "--output", type=click.Path(path_type=Path), default="-",
              help="The table to write: .csv, .parquet; .npy of an array.  [default: CSV, printed]")  # fmt: skip
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@with_csv("as those that MAP has learned from")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", type=click.Path(), metavar="DATA")
def impute(som: Path, data: str, output: Path, key: str | None, csv: dict[str, Any]) -> int:
    """Fill in what is missing in DATA: the value that the best node has, found by the values that are there.

    MAP is a run folder, its map.npz, or a checkpoint. DATA is a table (.csv, .parquet, …) with the columns that the map
    knows, or an .npy or .npz file. What is there stays as it is.
    """
    from ksom.tasks.imputation import impute_file
    from ksom.tasks.map_and_data import map_of

    filled = impute_file(map_of(som), data, output, key=key, csv=csv)
    where = "" if str(output) == "-" else f": {output}"
    click.echo(f"{filled.values:,} values filled in, in {filled.rows:,} rows{where}", err=True)
    return 0
