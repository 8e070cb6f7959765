"""The command `ksom`: parse, call, print, exit code."""

import io
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ksom import __version__
from ksom.errors import KsomError
from ksom.masking import masked

if TYPE_CHECKING:
    from ksom.default_setup import Experiment, Result


def main() -> None:
    """Run the command, with one clear line for whatever goes wrong, and the conventional exit status."""
    debug = "--debug" in sys.argv
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(masked(shown.getvalue()), err=True, nl=False)
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped at once", err=True)
        status = 128 + signal.SIGINT
    except Exception as error:
        if debug:
            click.echo(masked("".join(traceback.format_exception(error))), err=True, nl=False)
        click.echo(f"Error: {_one_line(error)}", err=True)
        status = 1
    sys.exit(status)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ksom")
def cli() -> None:
    r"""Train self-organising maps (Kohonen maps) from YAML experiments.

    \b
    Example:
      ksom train --config-file configs/exp1.yaml
    """


@cli.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--config-file", type=click.Path(), help="The experiment, a YAML file.  [default: 10 × 10 nodes, 20 colours]"
)
@click.option(
    "--output-dir", type=click.Path(), help="The run folder itself.  [default: OUTPUT_DIR/<name of the YAML file>]"
)
@click.option("--resume", is_flag=True, help="Go on with an unfinished run, from its newest checkpoint.")
@click.option("--restart", is_flag=True, help="Begin anew; an unfinished run is kept under another name.")
@click.option(
    "--dry-run", is_flag=True, help="Show the resolved config, the plan and the memory needed; train nothing."
)
@click.option("--mlflow", is_flag=True, help="Send the run to MLflow as well: HOOKS.MLFLOW {}.")
@click.option("--debug", is_flag=True, help="Show a traceback if something fails.")
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED, metavar="[KEY VALUE]...")
def train(  # noqa: PLR0917 (click passes them by name)
    config_file: str | None,
    output_dir: str | None,
    resume: bool,
    restart: bool,
    dry_run: bool,
    mlflow: bool,
    debug: bool,  # noqa: ARG001 (`main` looks for it)
    overrides: tuple[str, ...],
) -> int:
    r"""Train a map as a YAML file describes it; KEY VALUE pairs override the file.

    Ctrl-C finishes the iteration, saves and stops; --resume goes on, and ends with the same bits.

    \b
    Examples:
      ksom train --config-file configs/exp1.yaml
      ksom train --config-file configs/exp1.yaml MODEL.WIDTH 40 MODEL.HEIGHT 30
      ksom train --config-file configs/exp3.yaml --resume
    """
    from ksom.default_setup import Experiment
    from ksom.logger import log_to_console

    if resume and restart:
        raise click.UsageError("--resume goes on with a run, --restart begins it anew: give one of them")
    _refuse_unknown_options(overrides)
    log_to_console()
    experiment = Experiment(config_file, ("HOOKS.MLFLOW", "{}", *overrides) if mlflow else overrides, output_dir)
    if dry_run:
        click.echo(_plan(experiment))
        return 0
    result = experiment.run(resume=resume, restart=restart)
    click.echo(_summary(result))
    return 128 + result.signal if result.signal else 0


@cli.command()
@click.option(
    "--uri", help="An MLflow server or a database.  [default: MLFLOW_TRACKING_URI, else mlflow.db beside the run]"
)
@click.option("--experiment", help="The MLflow experiment.  [default: as the run's config.yaml, else ksom]")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
def track(uri: str | None, experiment: str | None, runs: tuple[Path, ...]) -> int:
    r"""Send runs that have ended, or were killed, to MLflow: what it has already is not sent again.

    \b
    Examples:
      ksom track logs/exp1 logs/exp1.1
      ksom track --uri http://127.0.0.1:5000 logs/exp1
    """
    from ksom.logger import log_to_console
    from ksom.runs.tracking import track as send

    log_to_console()
    for folder in runs:
        tracked, status = send(folder, uri, experiment)
        where = f"run {tracked.run_id} of experiment {tracked.experiment} in {tracked.store.name}"
        click.echo(f"{folder}: {status.lower()}, {where}")
    return 0


@cli.command()
@click.argument("name", required=False)
def describe(name: str | None) -> int:
    r"""List what an experiment can name: data sets, hooks, schedules, …, with arguments and defaults; or explain one.

    \b
    Examples:
      ksom describe
      ksom describe Vlog
    """
    from ksom.describe import describe_all, describe_one

    click.echo(describe_one(name) if name else describe_all())
    return 0


def _refuse_unknown_options(overrides: tuple[str, ...]) -> None:
    """Report a mistyped option; it came through because a value, such as -3, may look like an option."""
    for token in overrides[::2]:
        if token.startswith("-"):
            known = [option for parameter in train.params for option in parameter.opts if option.startswith("--")]
            raise click.NoSuchOption(token.partition("=")[0], possibilities=_alike(token, known))


def _alike(token: str, known: list[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(token, known, n=1)


def _plan(experiment: "Experiment") -> str:
    import yaml

    config = yaml.safe_dump(experiment.config, sort_keys=False, allow_unicode=True)
    return f"{config}\n{experiment.plan()}"


def _summary(result: "Result") -> str:
    told = result.summary
    time = f"{told['seconds_learning']:.3g} s of learning, {told['seconds_wall']:.3g} s in all"
    lines = [f"{result.status}: {told['iteration']} of {told['iterations']} iterations, {time}"]
    if told["reason"]:
        lines[0] += f" ({told['reason']})"
        lines[0] += "; --resume goes on" if result.can_be_resumed else "; nothing was kept to resume from"
    lines.append(
        f"quantization error {told['quantization_error']:.4g}, topographic error {told['topographic_error']:.4g}"
        f" (on {told['measured_on']})"
    )
    lines += [f"{what:<8} {result.folder / name}" for what, name in _ARTEFACTS if (result.folder / name).is_file()]
    return "\n".join(lines)


_ARTEFACTS = (("film", "vlog.gif"), ("picture", "map.png"), ("map", "map.npz"), ("metrics", "metrics.jsonl"))


def _one_line(error: BaseException) -> str:
    """Return what went wrong, and in which hook, on one line."""
    told = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, KsomError):
        told = f"{type(error).__name__}: {told} (--debug shows where)"
    return masked("; ".join([told, *getattr(error, "__notes__", [])]))
