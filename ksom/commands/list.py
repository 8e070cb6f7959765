"""`ksom list`."""

import json
import shutil
import sys
from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug


@click.command(
    "list",
    epilog=examples("ksom list", "ksom list logs --sort quantization_error", "ksom list sweeps/size --all",
                    "ksom list --json"),
)  # fmt: skip
@click.option("--sort", default="newest", metavar="BY", show_default=True,
              help="newest, name, time, iterations, or a number such as quantization_error.")  # fmt: skip
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--all", "with_all", is_flag=True, help="Every number, and every key in which the configurations differ.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_debug
@click.argument("folder", type=click.Path(path_type=Path), default=Path("logs"), metavar="[FOLDER]")
def list_(folder: Path, sort: str, reverse: bool, with_all: bool, as_json: bool) -> int:
    """List all runs below a folder: how they stand, size, time, quality, and how their configurations differ.

    FOLDER is the one that runs are in, or one above it.  [default: logs]
    """
    from ksom.tasks.run_list import RunList

    runs = RunList.of(folder, sort, reverse=reverse)
    if as_json:
        say(json.dumps(runs.as_dict(), indent=2))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        say(runs.as_text(width, with_all=with_all))
    return 0
