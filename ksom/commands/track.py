"""`ksom track`."""

from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug


@click.command(epilog=examples("ksom track logs/exp1 logs/exp1.1", "ksom track --uri http://127.0.0.1:5000 logs/exp1"))
@click.option(
    "--uri", help="An MLflow server or a database.  [default: MLFLOW_TRACKING_URI, else mlflow.db beside the run]"
)
@click.option("--experiment", help="The MLflow experiment.  [default: as the run's config.yaml, else ksom]")
@with_debug
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
def track(uri: str | None, experiment: str | None, runs: tuple[Path, ...]) -> int:
    """Send runs that have ended, or were killed, to MLflow: what it has already is not sent again."""
    from ksom.logger import log_to_console
    from ksom.runs.tracking import track as send

    log_to_console()
    for folder in runs:
        tracked, status = send(folder, uri, experiment)
        where = f"run {tracked.run_id} of experiment {tracked.experiment} in {tracked.store.name}"
        say(f"{folder}: {status.lower()}, {where}")
    return 0
