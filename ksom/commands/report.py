"""`ksom report`."""

from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, say, with_debug
from ksom.commands.csv_options import with_csv


@click.command(epilog=examples("ksom report logs/exp1", "ksom report map.npz --data penguins.csv --id name",
                              "ksom report logs/wine --data wine.csv --label cultivar -o wine.html"))  # fmt: skip
@click.option("--data", type=click.Path(),
              help="A table (.csv, .parquet, …), an .npy or .npz file, an image, or an experiment's YAML file.  "
              "[default: the data that the run has learned from]")  # fmt: skip
@click.option("--id", "id_column", metavar="COLUMN", help="The column of a table that tells which row is which.")
@click.option("--label", "label_column", metavar="COLUMN", help="The column of a table that tells what its rows are.")
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="The page, an .html file; -: printed.  [default: report.html in the run, or by MAP]")  # fmt: skip
@with_csv("as those that MAP has learned from")
@with_debug
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN|MAP")
def report(  # noqa: PLR0917 (click passes them by name)
    run: Path,
    data: str | None,
    id_column: str | None,
    label_column: str | None,
    key: str | None,
    output: Path | None,
    csv: dict[str, Any],
) -> int:
    """Write a page that shows all of a run or a map: one file, which opens offline in any browser.

    RUN is a run folder, of a run that has ended or not; MAP its map.npz, or a checkpoint. The page says in words what
    there is to be looked at, and shows the film, U-matrix, hits, component planes, clusters and labels linked with each
    other, rows by their ids, the quality with definitions, curves, and where the map comes from.
    """
    if data is None and (key or csv):
        raise click.UsageError("--key and --csv say how DATA are read: name them by --data")
    from ksom.amounts import size_of
    from ksom.tasks.report.report import write_report
    from ksom.whole_files import STANDARD_OUTPUT

    written, size = write_report(
        run, output, data=data, id_column=id_column, label_column=label_column, key=key, csv=csv
    )
    if written != STANDARD_OUTPUT:
        say(f"written: {written}, {size_of(size)}")
    return 0
