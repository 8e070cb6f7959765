"""`ksom watch`."""

from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug

PORT = 8871


@click.command(epilog=examples("ksom watch logs/exp1", "ksom watch logs/exp1 --serve",
                              "ksom watch logs/exp1 --serve --port 9000"))  # fmt: skip
@click.option("--serve", is_flag=True, help="Serve a page that grows with the run, on this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True,
              help="Where to serve; 0: any that is free.")  # fmt: skip
@with_debug
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
def watch(run: Path, serve: bool, port: int) -> int:
    """Watch a run while it trains: how far it is, its curves, its map; from its files only, so from any terminal.

    RUN is a run folder; if there is no run in it yet, it is waited for. Watching ends with the run, by q or by Ctrl-C:
    the training goes on.
    """
    if serve:
        from ksom.tasks.watching.server import serve as serve_page

        serve_page(run, port, say)
        return 0
    from ksom.tasks.watching.watch import watch as watch_in_terminal

    return 0 if watch_in_terminal(run) else 1
