"""Does what the pages of the examples say: every command of each, in order, in a copy of its folder.

    python examples/run.py                  # all of them
    python examples/run.py digits sensors   # some
    python examples/run.py digits --keep    # in its own folder: to look at what comes out

A command is a line of the page that is indented by four spaces and begins with `ksom` or `python`.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(page.parent.name for page in HERE.glob("*/README.md"))


def main() -> None:
    """Run the examples that are named."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=f"some of {', '.join(NAMES)}")
    asked.add_argument("--keep", action="store_true", help="run in the example's own folder")
    given = asked.parse_args()
    for name in given.names:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            place = HERE / name if given.keep else shutil.copytree(HERE / name, Path(folder) / name)
            for command in commands(HERE / name / "README.md"):
                print(f"{name}$ {command}", flush=True)
                run(command, place)
        print(f"{name}: {time.perf_counter() - started:.1f} s\n", flush=True)


def commands(page: Path) -> list[str]:
    """Return what a page says to type."""
    return re.findall(r"^    ((?:ksom|python) [^#\n]*[^#\n ])", page.read_text(), flags=re.MULTILINE)


def run(command: str, folder: Path) -> None:
    """Run a command with this Python and its ksom; stop at the first that fails."""
    beside = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(shlex.split(command), cwd=folder, env={**os.environ, **beside}, check=False)
    if done.returncode:
        sys.exit(f"{folder.name}: `{command}` ended with {done.returncode}")


if __name__ == "__main__":
    main()
