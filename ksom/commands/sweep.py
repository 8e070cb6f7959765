"""`ksom sweep`."""

import json
from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug
from ksom.commands.experiment_words import file_and_overrides, with_words


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "ksom sweep configs/exp1.yaml --grid MODEL.WIDTH 10,20,40 --seeds 10 --jobs 2",
        "ksom sweep mine.yaml --grid MODEL.LATTICE rectangular,hexagonal --grid TRAINER.ITERATIONS 20,50",
        "ksom sweep mine.yaml --seeds 3,5,8 MODEL.WIDTH 20 -o logs/three",
    ),
)
@click.option(
    "--grid", nargs=2, multiple=True, metavar="KEY VALUES", help="A key and its values: MODEL.WIDTH 10,20,40."
)
@click.option("--seeds", default="1", metavar="N", help="How many seeds, from SEED on; or which: 3,5,8.  [default: 1]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="How many runs at a time.  [default: 1]")
@click.option("-o", "--output-dir", type=click.Path(path_type=Path),
              help="The folder of the sweep.  [default: OUTPUT_DIR/<name of the YAML file>.sweep]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_debug
@with_words
def sweep(  # noqa: PLR0917 (click passes them by name)
    grid: tuple[tuple[str, str], ...],
    seeds: str,
    jobs: int,
    output_dir: Path | None,
    as_json: bool,
    words: tuple[str, ...],
) -> int:
    """Train every combination of some settings, with some seeds: each a run of its own, and one table of all.

    The same command again keeps what ended and resumes the rest; with more values or seeds it goes on from there.
    Ctrl-C lets the runs save and end. The maps are the same however many are trained at a time.
    """
    from ksom.config import load_config
    from ksom.experiment_files import experiment_file
    from ksom.logger import log_to_console
    from ksom.tasks.grid import Grid, axis, seeds_of
    from ksom.tasks.sweep import Sweep

    log_to_console()
    file, overrides = file_and_overrides(sweep, words)
    first = load_config(None if file is None else experiment_file(file), overrides).SEED
    asked = Grid([axis(key, values) for key, values in grid], seeds_of(seeds, first))
    swept = Sweep(file, asked, overrides, output_dir).run(jobs)
    say(json.dumps(swept.results.as_dict(), indent=2) if as_json else swept.results.as_text())
    click.echo(f"table: {swept.folder / 'sweep.csv'}", err=True)
    if swept.signal is not None:
        click.echo("interrupted; the same command goes on", err=True)
        return 128 + swept.signal
    return 1 if swept.results.failed else 0
