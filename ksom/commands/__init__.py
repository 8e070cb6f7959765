"""The commands of `ksom`, one file each: parse, call, print."""

import builtins
from importlib import import_module

import click

COMMANDS = {
    "inspect": "Tell what is in data.",
    "init": "Write an experiment that learns from data.",
    "train": "Train a map as a YAML file describes it.",
    "sweep": "Train every combination of some settings.",
    "predict": "Say of each sample its node, and what is known of it.",
    "label": "Give each node the label of most of its samples.",
    "cluster": "Group the nodes of a map into clusters.",
    "impute": "Fill in what is missing in data.",
    "evaluate": "Measure how good a map is.",
    "diagnose": "Say what is wrong with a run, and what to do about it.",
    "compare": "Lay runs side by side.",
    "report": "Write a page that shows all of a run or a map.",
    "show": "Tell what is in the file of a map.",
    "list": "List all runs below a folder.",
    "watch": "Watch a run while it trains.",
    "plot": "Draw a map, and what is known of it, into files.",
    "describe": "List what an experiment can name.",
    "export": "Write a map in a format that others read.",
    "quantize": "Reduce a picture to the few colours that fit it best.",
    "track": "Send runs that have ended, or were killed, to MLflow.",
    "cache": "Show, or remove, what is kept for later runs.",
}
"""In the order in which they are listed, with the line that stands there: who asks what there is waits for none of them
to be loaded. Each is a function of its name in the file of its name; where Python has a function of that name, an
underscore follows, as PEP 8 has it."""


def named(name: str) -> click.Command:
    """Return a command by its name."""
    function = f"{name}_" if hasattr(builtins, name) else name
    made: click.Command = getattr(import_module(f"ksom.commands.{name}"), function)
    return made
