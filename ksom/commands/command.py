"""What all commands share: the option --debug, examples in the help text, printing."""

from collections.abc import Callable

import click

from ksom.errors import OutputError

DEBUG = "debug"


def with_debug(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the option --debug, which `main` acts upon."""

    def asked(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        context.ensure_object(dict)[DEBUG] = value

    option = click.option(f"--{DEBUG}", is_flag=True, expose_value=False, is_eager=True, callback=asked,
                          help="Show a traceback if something fails.")  # fmt: skip
    return option(command)


def with_compute(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the option --compute."""
    told = "Who searches large data: here, processes, dask, tcp://host:8786, a scheduler's .json.  [default: here]"
    return click.option("--compute", metavar="WHO", help=told)(command)


def examples(*lines: str) -> str:
    """Return what a help text ends with; the backspace keeps click from joining the lines."""
    return "\n  ".join(["\b\nExamples:", *lines])


def say(text: str) -> None:
    """Print what was asked for. A reader that has gone away is no error: click ends the command."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"standard output: cannot be written ({error.strerror})") from error
