"""The command: python -m benchmarks [--rows O1,B1] [--peers ksom,numpy] [--quick]."""

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import ceilings, commands, report, scaling, sweep, threads, where
from benchmarks.limits import FULL, QUICK
from benchmarks.measure import measure
from benchmarks.peers import PEERS
from benchmarks.rows import ROWS

RESULTS = Path(__file__).parent / "results"
PARTS = ("rows", "commands", "ceilings", "scaling", "threads", "sweep", "where")


def main() -> None:
    """Measure what was asked for, a JSON object a line, then make the table and the plots."""
    options = _options()
    folder = RESULTS / "quick" if options.quick else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    lines = folder / "measured.jsonl"
    if not options.report:
        kept = [] if options.all else [known for known in report.read(lines) if not _replaced(known, options)]
        with lines.open("w") as file:
            for result in itertools.chain(kept, _measured(options)):
                file.write(json.dumps(result) + "\n")
                file.flush()
    report.write(folder, report.read(lines), readme=not options.quick)
    print(f"written: {folder}")


def _measured(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    limits = QUICK if options.quick else FULL
    began = time.perf_counter()
    yield {"part": "machine", **ceilings.machine(), "quick": options.quick}
    steps = {
        "rows": [(f"{row.name}: {row}", lambda row=row: measure([row], options.peers, limits)) for row in options.rows],
        "commands": [("the command", lambda: commands.measure(limits))],
        "ceilings": [("what this machine can do", ceilings.measure)],
        "scaling": scaling.steps(limits),
        "threads": threads.steps(limits),
        "sweep": sweep.steps(limits),
        "where": where.steps(limits),
    }
    for part in options.parts:
        for name, step in steps[part]:
            print(f"{time.perf_counter() - began:6.0f} s  {name}", flush=True)
            for result in step():
                yield {"part": part, **result}
                print(f"          {report.line(result)}", flush=True)


def _replaced(known: dict[str, Any], options: argparse.Namespace) -> bool:
    """Whether an earlier result is measured anew."""
    if known["part"] == "rows" and "rows" in options.parts:
        return known["row"]["name"] in {row.name for row in options.rows} and known["peer"] in options.peers
    return known["part"] in {"machine", *options.parts}


def _options() -> argparse.Namespace:
    def names(known: Any) -> Any:
        def parse(text: str) -> list[str]:
            chosen = text.split(",")
            if unknown := [name for name in chosen if name not in known]:
                raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; known: {', '.join(known)}")
            return chosen

        return parse

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure ksom and its peers.")
    parser.add_argument("--rows", type=names(ROWS), default=list(ROWS), help="only these, such as O1,B1")
    parser.add_argument("--peers", type=names(PEERS), default=list(PEERS), help="only these, such as ksom,numpy")
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=f"only these of {','.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="a look at everything, in a few minutes")
    parser.add_argument("--report", action="store_true", help="measure nothing: table and plots from the last results")
    options = parser.parse_args()
    options.rows = [ROWS[name] for name in options.rows]
    options.all = options.rows == list(ROWS.values()) and options.peers == list(PEERS) and options.parts == list(PARTS)
    return options


if __name__ == "__main__":
    main()
