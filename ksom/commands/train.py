"""`ksom train`."""

import difflib
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ksom.commands.command import examples, say, with_debug

if TYPE_CHECKING:
    from ksom.default_setup import Experiment, Result


def _complete_words(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the keys that begin so; where there is none, the shell completes the name of a file."""
    from ksom.describe import keys

    found = [CompletionItem(key) for key in keys() if key.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
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
@with_debug
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
        say(_plan(experiment))
        return 0
    from ksom.tasks.ended_run import in_short

    result = experiment.run(resume=resume, restart=restart)
    say("\n".join(filter(None, [_summary(result), in_short(experiment, result)])))
    return 128 + result.signal if result.signal else 0


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
