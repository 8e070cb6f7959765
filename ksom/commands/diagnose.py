"""`ksom diagnose`."""

import json
from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug


@click.command(epilog=examples("ksom diagnose logs/exp1", "ksom diagnose logs/mine configs/mine.yaml",
                              "ksom diagnose logs/wine --labels classes.npy"))  # fmt: skip
@click.option("--labels", type=click.Path(path_type=Path), help="An .npy file with the class of each sample.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_debug
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.argument("data", required=False, type=click.Path(), metavar="[DATA]")
def diagnose(run: Path, data: str | None, labels: Path | None, as_json: bool) -> int:
    """Say what is wrong with a run, with the evidence, and what to change.

    RUN is a run folder, of a run that has ended or not. DATA is a table (.csv, .parquet, …), an .npy or .npz
    file, an image, or an experiment's YAML file; left out, the data that the run has learned from.
    """
    from ksom.tasks.past_run import examine

    examined = examine(run, data, labels)
    say(json.dumps(examined.as_dict(), indent=2, ensure_ascii=False) if as_json else examined.as_text())
    return 0
