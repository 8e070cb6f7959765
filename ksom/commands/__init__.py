"""The commands of `ksom`, one file each: parse, call, print."""

from importlib import import_module

import click

COMMANDS = (
    "inspect",
    "init",
    "train",
    "sweep",
    "predict",
    "label",
    "cluster",
    "impute",
    "evaluate",
    "diagnose",
    "compare",
    "show",
    "describe",
    "export",
    "quantize",
    "track",
    "cache",
)
"""In the order in which they are listed; each is a function of its name in the file of its name."""


def named(name: str) -> click.Command:
    """Return a command by its name."""
    made: click.Command = getattr(import_module(f"ksom.commands.{name}"), name)
    return made
