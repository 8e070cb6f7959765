"""`ksom`, and `python -m ksom`."""

import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Run the command; Ctrl-C stops it quietly while it is being loaded, too."""
    _open_closed_streams()
    try:
        from ksom.entry import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _open_closed_streams() -> None:
    """Give a command that was started without a standard stream (2>&-) one that leads nowhere.

    Otherwise the next file that is opened, such as the film, would get its number, and what is meant for a terminal.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open until the end)


if __name__ == "__main__":
    main()
