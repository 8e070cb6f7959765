"""`ksom show`."""

import json
from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug


@click.command(epilog=examples("ksom show logs/exp1", "ksom show map.npz --json",
                              "ksom show map.npz --config > again.yaml"))  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--config", is_flag=True, help="Print the configuration that the map was trained by, as YAML.")
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
def show(som: Path, as_json: bool, config: bool) -> int:
    """Tell what is in the file of a map: size, features, layers, quality, and where it comes from.

    MAP is a run folder, its map.npz, or a checkpoint.
    """
    from ksom.tasks.map_and_data import map_file_of
    from ksom.tasks.map_contents import MapContents

    if as_json and config:
        raise click.UsageError("--json prints all of it, --config its configuration alone: give one of them")
    contents = MapContents.of(map_file_of(som))
    if config:
        say(contents.config_as_yaml().rstrip())
    else:
        say(json.dumps(contents.as_dict(), indent=2) if as_json else contents.as_text())
    return 0
