"""`ksom`, and `python -m ksom`."""

import signal
import sys


def main() -> None:
    """Run the command; Ctrl-C stops it quietly while it is being loaded, too."""
    try:
        from ksom.entry import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
