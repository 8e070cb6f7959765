"""`ksom evaluate`."""

import json
from pathlib import Path
from typing import Any

import click

from ksom.commands.command import examples, say, with_compute, with_debug
from ksom.commands.csv_options import with_csv


@click.command(epilog=examples("ksom evaluate logs/exp1", "ksom evaluate logs/exp1 new.npy --labels classes.npy",
                              "ksom evaluate map.npz samples.npy --json > quality.json"))  # fmt: skip
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="An .npy file with the class of each sample.  [default: the data's LABEL]",
)
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_compute
@with_csv("as those that MAP has learned from")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", required=False, type=click.Path(), metavar="[DATA]")
def evaluate(  # noqa: PLR0917 (click passes them by name)
    som: Path,
    data: str | None,
    labels: Path | None,
    key: str | None,
    as_json: bool,
    compute: str | None,
    csv: dict[str, Any],
) -> int:
    """Measure how good a map is, by every measure there is, with what each means in words.

    MAP is a run folder, its map.npz, or a checkpoint. DATA is a table (.csv, .parquet, …), an .npy or .npz file,
    an image, or an experiment's YAML file; left out, the data that the run has learned from.
    """
    from ksom.evaluation import evaluate as measure
    from ksom.tasks.map_and_data import known_labels, labels_of, map_and_data

    trained, samples = map_and_data(som, data, key, csv)
    with trained.computed_by(compute):
        measured = measure(trained, samples, known_labels(samples) if labels is None else labels_of(labels))
    say(json.dumps(measured.as_dict(), indent=2, ensure_ascii=False) if as_json else measured.as_table())
    return 0
