"""`ksom export`."""

from importlib import import_module
from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug

WRITERS = {
    "csv": ("node_table", "write_node_table"),
    "onnx": ("onnx_graph", "write_onnx"),
    "safetensors": ("safetensors_file", "write_safetensors"),
}
"""Of each format, the file of `ksom.exports` and its function."""


@click.command(epilog=examples("ksom export logs/exp1 --to csv", "ksom export map.npz --to onnx -o iris.onnx"))
@click.option("--to", type=click.Choice(list(WRITERS)), required=True, help="The format.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file.  [default: named like MAP, in this folder]"
)
@with_debug
@click.argument("som", type=click.Path(path_type=Path), metavar="MAP")
def export(som: Path, to: str, output: Path | None) -> int:
    """Write a map in a format that others read; a file of that name is replaced; "-o -" prints it.

    csv: a row for each node, with its place, its weights in data units, hits, label and cluster.

    onnx: one graph from raw features to node, distance, label and cluster, with ksom's answers to the bit.

    safetensors: weights, layers, and what they mean.

    MAP is a run folder, its map.npz, or a checkpoint.
    """
    from ksom.tasks.map_and_data import map_of
    from ksom.whole_files import STANDARD_OUTPUT

    place = som.resolve()
    file = output or Path(f"{place.name if place.is_dir() else place.stem}.{to}")
    home, name = WRITERS[to]
    getattr(import_module(f"ksom.exports.{home}"), name)(map_of(som), file)
    if file != STANDARD_OUTPUT:
        say(f"written: {file}")
    return 0
