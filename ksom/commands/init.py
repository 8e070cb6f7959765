"""`ksom init`."""

from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, with_debug
from ksom.commands.csv_options import with_csv


@click.command(epilog=examples("ksom init customers.csv -o configs/customers.yaml",
                              "ksom train --config-file configs/customers.yaml"))  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The experiment's YAML file.")
@with_csv()
@with_debug
@click.argument("data", type=click.Path(), metavar="DATA")
def init(data: str, output: Path, csv: dict[str, Any]) -> int:
    """Write an experiment that learns from data: a YAML file that trains as it stands, and says why it is so.

    DATA is a table (.csv, .parquet, .arrow, …), a pattern or a folder of them, an array (.npy, .npz), or a folder of
    images. Nothing is written over.
    """
    from ksom.tasks.first_experiment import write_experiment

    write_experiment(data, output, csv)
    click.echo(f"{output}: written; train it by `ksom train --config-file {output}`", err=True)
    return 0
