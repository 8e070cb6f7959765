"""`ksom inspect`."""

import json
from typing import Any

import click

from ksom.commands.command import examples, say, with_debug
from ksom.commands.csv_options import with_csv


@click.command(epilog=examples("ksom inspect customers.csv", "ksom inspect 'parts/*.parquet' --json",
                              "ksom inspect samples.npy"))  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_csv()
@with_debug
@click.argument("data", type=click.Path(), metavar="DATA")
def inspect(data: str, as_json: bool, csv: dict[str, Any]) -> int:
    """Tell what is in data: columns, ranges, what is missing, and what each column is likely to be for.

    DATA is a table (.csv, .parquet, .arrow, …), a pattern or a folder of them, an array (.npy, .npz), or a folder of
    images. `ksom init` writes an experiment that learns from it.
    """
    from ksom.tasks.inspected_data import inspected

    found = inspected(data, csv)
    say(json.dumps(found.as_dict(), indent=2, ensure_ascii=False) if as_json else found.as_table())
    return 0
