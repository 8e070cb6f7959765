"""`ksom compare`."""

import json
from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug


@click.command(
    epilog=examples(
        "ksom compare logs/exp1 logs/exp1.1",
        "ksom compare logs/exp1.sweep/width=10,seed=* -o compare.html",
        "ksom compare one.npz other.npz --data samples.csv",
    )
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE.html", help="Write a page, too.")
@click.option("--data", type=click.Path(), help="Rows to compare the maps by.  [default: those all have learned from]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_debug
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN RUN...")
def compare(output: Path | None, data: str | None, as_json: bool, runs: tuple[Path, ...]) -> int:
    """Lay runs side by side: in what they differ, how good their maps are, and how well these agree.

    RUN is a run folder, ended or not, or the file of a map. Maps of one size are laid over the first one, turned over
    and moved round its wrapped axes as fits best. Two maps agree as far as they show the same rows beside each other.
    """
    from ksom.tasks.comparison import compare as compared

    if output is not None:
        from ksom.tasks.comparison_page import require_page

        require_page(output)
    found = compared(runs, data)
    say(json.dumps(found.as_dict(), indent=2, ensure_ascii=False) if as_json else found.as_text())
    if output is not None:
        from ksom.tasks.comparison_page import write_page

        write_page(found, output)
        click.echo(f"page: {output}", err=True)
    return 0
