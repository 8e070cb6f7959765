"""`ksom train`."""

from typing import TYPE_CHECKING

import click

from ksom.commands.command import examples, say, with_debug
from ksom.commands.experiment_words import file_and_overrides, with_words

if TYPE_CHECKING:
    from ksom.default_setup import Experiment, Result


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
@with_words
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

    Ctrl-C stops in a moment and saves what was learned; --resume goes on, and ends with the same bits.
    """
    from ksom.default_setup import Experiment
    from ksom.logger import log_to_console

    if resume and restart:
        raise click.UsageError("--resume goes on with a run, --restart begins it anew: give one of them")
    file, overrides = file_and_overrides(train, words, config_file)
    log_to_console()
    overrides = ["HOOKS.MLFLOW", "{}", *overrides] if mlflow else overrides
    experiment = Experiment(file, overrides, output_dir)
    if dry_run:
        say(_plan(experiment))
        return 0
    from ksom.tasks.ended_run import in_short

    result = experiment.run(resume=resume, restart=restart)
    say("\n".join(filter(None, [_summary(result), in_short(experiment, result)])))
    return 128 + result.signal if result.signal else 0


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


_ARTEFACTS = (
    ("film", "vlog.gif"),
    *(("", f"vlog.{kind}") for kind in ("mp4", "webp", "html")),
    ("picture", "map.png"),
    ("map", "map.npz"),
    ("metrics", "metrics.jsonl"),
)
