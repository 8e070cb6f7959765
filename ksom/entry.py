"""The command `ksom`: parse, call, print, exit code."""

import difflib
import io
import json
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ksom import __version__
from ksom.errors import KsomError, OutputError, one_line
from ksom.masking import masked

if TYPE_CHECKING:
    from ksom.default_setup import Experiment, Result


def main() -> None:
    """Run the command, with one clear line for whatever goes wrong, and the conventional exit status."""
    asked: dict[str, bool] = {}
    try:
        status = cli.main(standalone_mode=False, obj=asked)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(masked("\n".join(map(one_line, shown.getvalue().splitlines()))), err=True)
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        is_end_of_file = isinstance(error.__cause__, EOFError)  # click takes it for a Ctrl-C
        click.echo(f"Error: {_told(error.__cause__)}" if is_end_of_file else "stopped at once", err=True)
        status = 1 if is_end_of_file else 128 + signal.SIGINT
    except Exception as error:
        if asked.get(DEBUG):
            click.echo(masked("".join(traceback.format_exception(error))), err=True, nl=False)
        click.echo(f"Error: {_told(error)}", err=True)
        status = 1
    sys.exit(status)


DEBUG = "debug"


def _with_debug(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the option --debug, which `main` acts upon."""

    def asked(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        context.ensure_object(dict)[DEBUG] = value

    option = click.option(f"--{DEBUG}", is_flag=True, expose_value=False, is_eager=True, callback=asked,
                          help="Show a traceback if something fails.")  # fmt: skip
    return option(command)


def _complete_words(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the keys that begin so; where there is none, the shell completes the name of a file."""
    from ksom.describe import keys

    found = [CompletionItem(key) for key in keys() if key.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]


def _complete_name(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the names that `ksom describe` explains and that begin so, in any case."""
    from ksom.describe import names

    return [CompletionItem(name) for name in names() if name.lower().startswith(begun.lower())]


def _examples(*lines: str) -> str:
    """Return what a help text ends with; the backspace keeps click from joining the lines."""
    return "\n  ".join(["\b\nExamples:", *lines])


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_examples("ksom train ksom:exp1", "ksom train --help"),
)
@click.version_option(__version__, prog_name="ksom")
def cli() -> None:
    """Train self-organising maps (Kohonen maps) from YAML experiments."""


@cli.command(
    context_settings={"ignore_unknown_options": True},
    epilog=_examples(
        "ksom train --config-file configs/exp1.yaml",
        "ksom train configs/exp1.yaml MODEL.WIDTH 40 MODEL.HEIGHT=30",
        "ksom train --config-file configs/exp3.yaml --resume",
    ),
)
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
@_with_debug
@click.argument(
    "words",
    nargs=-1,
    type=click.UNPROCESSED,
    shell_complete=_complete_words,
    metavar="[FILE] [KEY VALUE | KEY=VALUE]...",
)
def train(  # noqa: PLR0917 (click passes them by name)
    config_file: str | None,
    output_dir: str | None,
    resume: bool,
    restart: bool,
    dry_run: bool,
    mlflow: bool,
    words: tuple[str, ...],
) -> int:
    """Train a map as a YAML file describes it; KEY VALUE pairs override the file.

    Ctrl-C finishes the iteration, saves and stops; --resume goes on, and ends with the same bits.
    """
    from ksom.default_setup import Experiment
    from ksom.logger import log_to_console
    from ksom.past_run import in_short

    if resume and restart:
        raise click.UsageError("--resume goes on with a run, --restart begins it anew: give one of them")
    files, overrides = _files_and_overrides(words)
    files = [config_file, *files] if config_file is not None else files
    if len(files) > 1:
        raise click.UsageError(f"one experiment at a time, got {' and '.join(files)}")
    log_to_console()
    overrides = ["HOOKS.MLFLOW", "{}", *overrides] if mlflow else overrides
    experiment = Experiment(files[0] if files else None, overrides, output_dir)
    if dry_run:
        _say(_plan(experiment))
        return 0
    result = experiment.run(resume=resume, restart=restart)
    _say("\n".join(filter(None, [_summary(result), in_short(experiment, result)])))
    return 128 + result.signal if result.signal else 0


@cli.command(epilog=_examples("ksom track logs/exp1 logs/exp1.1", "ksom track --uri http://127.0.0.1:5000 logs/exp1"))
@click.option(
    "--uri", help="An MLflow server or a database.  [default: MLFLOW_TRACKING_URI, else mlflow.db beside the run]"
)
@click.option("--experiment", help="The MLflow experiment.  [default: as the run's config.yaml, else ksom]")
@_with_debug
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
def track(uri: str | None, experiment: str | None, runs: tuple[Path, ...]) -> int:
    """Send runs that have ended, or were killed, to MLflow: what it has already is not sent again."""
    from ksom.logger import log_to_console
    from ksom.runs.tracking import track as send

    log_to_console()
    for folder in runs:
        tracked, status = send(folder, uri, experiment)
        where = f"run {tracked.run_id} of experiment {tracked.experiment} in {tracked.store.name}"
        _say(f"{folder}: {status.lower()}, {where}")
    return 0


@cli.command(epilog=_examples("ksom evaluate logs/exp1", "ksom evaluate logs/exp1 new.npy --labels classes.npy",
                              "ksom evaluate map.npz samples.npy --json > quality.json"))  # fmt: skip
@click.option("--labels", type=click.Path(path_type=Path), help="An .npy file with the class of each sample.")
@click.option("--key", help="Which array of an .npz file is DATA.  [default: the only one]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
@click.argument("data", required=False, type=click.Path(), metavar="[DATA]")
def evaluate(som: Path, data: str | None, labels: Path | None, key: str | None, as_json: bool) -> int:
    """Measure how good a map is, by every measure there is, with what each means in words.

    MAP is a run folder, its map.npz, or a checkpoint. DATA is an .npy or .npz file, an image, or an experiment's YAML
    file; left out, the data that the run has learned from.
    """
    from ksom.evaluation import evaluate as measure
    from ksom.map_and_data import labels_of, map_and_data

    measured = measure(*map_and_data(som, data, key), labels=None if labels is None else labels_of(labels))
    _say(json.dumps(measured.as_dict(), indent=2, ensure_ascii=False) if as_json else measured.as_table())
    return 0


@cli.command(epilog=_examples("ksom diagnose logs/exp1", "ksom diagnose logs/mine configs/mine.yaml",
                              "ksom diagnose logs/wine --labels classes.npy"))  # fmt: skip
@click.option("--labels", type=click.Path(path_type=Path), help="An .npy file with the class of each sample.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_debug
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.argument("data", required=False, type=click.Path(), metavar="[DATA]")
def diagnose(run: Path, data: str | None, labels: Path | None, as_json: bool) -> int:
    """Say what is wrong with a run, with the evidence, and what to change.

    RUN is a run folder, of a run that has ended or not. DATA is an .npy or .npz file, an image, or an experiment's YAML
    file; left out, the data that the run has learned from.
    """
    from ksom.past_run import examine

    examined = examine(run, data, labels)
    _say(json.dumps(examined.as_dict(), indent=2, ensure_ascii=False) if as_json else examined.as_text())
    return 0


@cli.command(epilog=_examples("ksom describe", "ksom describe Vlog", "ksom describe TRAINER.ALGORITHM",
                              "ksom describe my_module:MyDataset"))  # fmt: skip
@_with_debug
@click.argument("name", required=False, shell_complete=_complete_name)
def describe(name: str | None) -> int:
    """List what an experiment can name: data sets, hooks, schedules, …, with arguments and defaults; or explain one."""
    from ksom.describe import describe_all, describe_one

    _say(describe_one(name) if name else describe_all())
    return 0


def _files_and_overrides(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Tell the experiment's file from overrides; report a mistyped option, which came through as a value may be -3."""
    from ksom.config import split_words
    from ksom.experiment_files import is_experiment

    files: list[str] = []
    overrides: list[str] = []
    for group in split_words(words):
        if group[0].startswith("-"):
            name = group[0].partition("=")[0]
            known = [option for parameter in train.params for option in parameter.opts if option.startswith("--")]
            raise click.NoSuchOption(name, possibilities=difflib.get_close_matches(name, known, n=1))
        (files if is_experiment(group[0]) else overrides).extend(group)
    return files, overrides


def _say(text: str) -> None:
    """Print what was asked for. A reader that has gone away is no error: click ends the command."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"standard output: cannot be written ({error.strerror})") from error


def _plan(experiment: "Experiment") -> str:
    import yaml

    config = yaml.safe_dump(experiment.config, sort_keys=False, allow_unicode=True)
    return f"{config}\n{experiment.plan()}"


def _summary(result: "Result") -> str:
    summary = result.summary
    time = f"{summary['seconds_learning']:.3g} s of learning, {summary['seconds_wall']:.3g} s in all"
    lines = [f"{result.status}: {summary['iteration']} of {summary['iterations']} iterations, {time}"]
    if summary["reason"]:
        lines[0] += f" ({summary['reason']})"
        lines[0] += "; --resume goes on" if result.can_be_resumed else "; nothing was kept to resume from"
    lines.append(
        f"quantization error {summary['quantization_error']:.4g}, topographic error {summary['topographic_error']:.4g}"
        f" (on {summary['measured_on']})"
    )
    lines += [f"{what:<8} {result.folder / name}" for what, name in _ARTEFACTS if (result.folder / name).is_file()]
    return "\n".join(lines)


_ARTEFACTS = (("film", "vlog.gif"), ("picture", "map.png"), ("map", "map.npz"), ("metrics", "metrics.jsonl"))


def _told(error: BaseException | None) -> str:
    """Return what went wrong, and in which hook, on one line."""
    what = " ".join(one_line(str(error)).split())
    if not isinstance(error, KsomError):
        what = f"{type(error).__name__}{f': {what}' if what else ''} (--debug shows where)"
    return masked("; ".join([what, *getattr(error, "__notes__", [])]))
