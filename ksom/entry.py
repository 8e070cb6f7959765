"""The command `ksom`: its commands, one clear line for what goes wrong, the exit status."""

import io
import signal
import sys
import traceback

import click

from ksom.commands import COMMANDS, named
from ksom.commands.command import DEBUG, examples
from ksom.errors import KsomError, one_line
from ksom.masking import masked
from ksom.runs.interruption import stopping_at_once


def main() -> None:
    """Run the command, with one clear line for whatever goes wrong, and the conventional exit status."""
    asked: dict[str, bool] = {}
    try:
        with stopping_at_once():  # a temporary file goes, and workers end
            status = cli.main(standalone_mode=False, obj=asked)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(masked("\n".join(map(one_line, shown.getvalue().splitlines()))), err=True)
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        is_end_of_file = isinstance(error.__cause__, EOFError)  # click takes it for a Ctrl-C
        click.echo(f"Error: {_told(error.__cause__)}" if is_end_of_file else "stopped at once", err=True)
        status = 1 if is_end_of_file else 128 + signal.SIGINT
    except Exception as error:
        if asked.get(DEBUG):
            click.echo(masked("".join(traceback.format_exception(error))), err=True, nl=False)
        click.echo(f"Error: {_told(error)}", err=True)
        status = 1
    sys.exit(status)


class Commands(click.Group):
    """The commands: only the one that is called is loaded, to start quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return named(cmd_name) if cmd_name in COMMANDS else None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("ksom train ksom:exp1", "ksom train --help"),
)
@click.version_option(package_name="kohonen2", prog_name="ksom")
def cli() -> None:
    """Train self-organising maps (Kohonen maps) from YAML experiments."""


def _told(error: BaseException | None) -> str:
    """Return what went wrong, and in which hook, on one line."""
    what = " ".join(one_line(str(error)).split())
    if not isinstance(error, KsomError):
        what = f"{type(error).__name__}{f': {what}' if what else ''} (--debug shows where)"
    return masked("; ".join([what, *getattr(error, "__notes__", [])]))
