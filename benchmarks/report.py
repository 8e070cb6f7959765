"""From the measured lines to a Markdown table, the plots, and the README's figures."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.peers import PEERS
from benchmarks.rows import ROWS
from benchmarks.threads import MANY, alone, times_faster

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"

Results = Sequence[dict[str, Any]]
MARKS = {"absent": "absent", "not offered": "-", "failed": "x"}
TO_BE_TOLD = {"absent", "failed"}


def read(path: Path) -> list[dict[str, Any]]:
    """Return the measured lines, or none."""
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def write(folder: Path, results: Results, *, readme: bool) -> None:
    """Write table.md and the plots, and the figures into the README."""
    plots.draw(folder, results)
    text = "\n\n".join(part for part in (section(results) for section in SECTIONS) if part)
    (folder / "table.md").write_text(f"# Figures\n\n{text}\n")
    if readme:
        before, _, rest = README.read_text().partition(BEGIN)
        figures = text.replace("![](", f"![]({folder.relative_to(README.parent).as_posix()}/")
        README.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{rest.partition(END)[2]}")


def line(result: dict[str, Any]) -> str:
    """Say one result, for somebody who watches."""
    name = " ".join(str(result[key]) for key in ("peer", "name", "threads") if key in result)
    if "rule" in result:
        shape = f"{result['data']}, {result['state']}, {result['features']} on {result['side']} × {result['side']}"
        return f"{shape}: {_beside_products(result)} × the products' time, taken: {result['rule']}"
    if "rate" in result:
        return f"{name}: {_short(result['rate'])} {result['unit']}"
    return f"{name}: {_time(result)} {result.get('note', '')}"


def _machine(results: Results) -> str:
    told = next((each for each in results if each["part"] == "machine"), None)
    if told is None:
        return "Nothing measured yet."
    warning = "A quick look: a small part of each row's work, figures mean little. " * told["quick"]
    return f"{warning}{told['processor']}, {told['cores']} cores, Python {told['python']}, numpy {told['numpy']}."


def _seconds(results: Results) -> str:
    legend = (
        "Seconds, median of interleaved runs. **Bold**: the fastest of the row, yardsticks apart. `~` extrapolated "
        "from a part, `-` not offered, `x` failed, *absent* not installed."
    )
    rows = _of(results, "rows")
    return _titled("Time", legend, _table(rows, lambda each: _emphasised(each, rows)), _notes(rows), "![](rows.png)")


def _memory(results: Results) -> str:
    legend = "MB of resident memory at the peak, above what is resident after imports, compilation and loading."
    return _titled("Memory", legend, _table(_of(results, "rows"), _megabytes))


def _quality(results: Results) -> str:
    legend = (
        "Quantization error / topographic error of the trained maps, by ksom's measures in float64 on 5,000 samples; "
        "P1: mean distance to the nodes found / share of samples whose node is not the nearest one. Only of whole work."
    )
    return _titled("Quality", legend, _table(_of(results, "rows"), _both_errors))


def _start(results: Results) -> str:
    legend = "Seconds to import the peer, and the longest that a first call took longer than a second one: compilation."
    measured = [each for each in _of(results, "rows") if each["status"] == "measured"]
    lines = ["| peer | import | compilation |", "|---|--:|--:|"]
    for peer in dict.fromkeys(each["peer"] for each in measured):
        own = [each for each in measured if each["peer"] == peer]
        longest = (max(each[key] for each in own) for key in ("import_seconds", "compile_seconds"))
        lines.append(f"| {peer} | {' | '.join(map(_short, longest))} |")
    return _titled("Start", legend, "\n".join(lines) * bool(measured))


TIMES = ("first_seconds", "seconds", "training_seconds", "bare_seconds")
"""What is told of a command."""


def _commands(results: Results) -> str:
    lines = ["| command | first | warm | of it training | bare | training : bare |", "|---|--:|--:|--:|--:|--:|"]
    commands = _of(results, "commands")
    lines += [f"| {each['name']} | {_command(each)} |" for each in commands]
    legend = (
        "Seconds of a whole process; first: with nothing compiled yet. Training: what the run itself tells, with the "
        "default hooks (film, quality, checkpoints) and the loading of compiled kernels. Bare: the same training "
        "by `ksom.train` without hooks, in a process that has its kernels, in turn with the command. Medians."
    )
    return _titled("The command", legend, "\n".join(lines) * bool(commands))


def _command(result: dict[str, Any]) -> str:
    if "seconds" not in result:
        return f"{result['note']} | | | |"
    told = [_short(result[name]) if name in result else "" for name in TIMES]
    ratio = f"{result['training_seconds'] / result['bare_seconds']:.2f}" if "bare_seconds" in result else ""
    return " | ".join([*told, ratio])


def _curves(results: Results) -> str:
    if not _of(results, "scaling"):
        return ""
    legend = (
        "Time against samples, nodes, features and threads, one at a time. Online: 2,000 samples once, 3 features, "
        "100 × 100 nodes. Batch: 20,000 samples, 16 features, 50 × 50 nodes, 3 epochs. Threads: five times the "
        "samples, four times the nodes."
    )
    return _titled("How it grows", legend, "![](scaling.png)")


def _threads(results: Results) -> str:
    measured = [each for each in _of(results, "threads") if "seconds" in each]
    several = sorted({each["row"]["threads"] for each in measured})[1:]
    head = " | ".join(["1 thread", *(f"{n} threads" for n in several), "faster", "alone", f"{MANY} threads: faster"])
    lines = [f"| row | {head} |", f"|---|{'--:|' * (len(several) + 4)}"]
    for name in dict.fromkeys(each["row"]["name"] for each in measured):
        seconds = {each["row"]["threads"]: each["seconds"] for each in measured if each["row"]["name"] == name}
        told = [_short(seconds[n]) for n in sorted(seconds)]
        told += [f"{seconds[1] / seconds[max(seconds)]:.2f} ×", f"{alone(seconds):.1%}"]
        lines.append(f"| {name} | {' | '.join(told)} | {times_faster(seconds, MANY):.0f} × |")
    legend = (
        "Seconds of ksom. Alone: the share of one thread's time that others cannot take over, after Amdahl, from the "
        f"largest number of threads; {MANY} threads are computed from it, not measured."
    )
    return _titled("Threads", legend, "\n".join(lines) * bool(measured))


def _sweep(results: Results) -> str:
    cells = _of(results, "sweep")
    if not cells:
        return ""
    losses = [_loss(each) for each in cells]
    legend = (
        "How many times longer ksom's search takes by tiles, and by shadows, than by products; nodes across, features "
        "down. * where its rule takes tiles, † shadows; **bold** where it takes a slower way, by more than 1.3 ×. With "
        f"the rule a search takes {sum(losses) / len(losses):.2f} × the fastest way's time on average, "
        f"{max(losses):.2f} × at worst. Before training, and after some epochs."
    )
    tables = [
        f"{data}, {'first weights' if state == 'first' else 'trained'}:\n\n"
        + _crossed([each for each in cells if (each["data"], each["state"]) == (data, state)])
        for data, state in dict.fromkeys((each["data"], each["state"]) for each in cells)
    ]
    return _titled("Tiles, products or shadows", legend, "\n\n".join(tables), "![](sweep.png)")


def _crossed(cells: Results) -> str:
    sides, features = (sorted({each[axis] for each in cells}) for axis in ("side", "features"))
    known = {(each["features"], each["side"]): each for each in cells}
    lines = [f"| features | {' | '.join(f'{side} × {side}' for side in sides)} |", "|--:|" + "--:|" * len(sides)]
    lines += [f"| {n} | {' | '.join(_times_longer(known[n, side]) for side in sides)} |" for n in features]
    return "\n".join(lines)


def _times_longer(cell: dict[str, Any]) -> str:
    shown = _beside_products(cell) + {"tiles": " *", "shadows": " †"}.get(cell["rule"], "")
    return f"**{shown}**" if _loss(cell) > 1.3 else shown


def _loss(cell: dict[str, Any]) -> float:
    """How many times longer the way takes that the rule takes than the fastest one."""
    taken: float = cell["taken_seconds"]
    return taken / min(seconds for name, seconds in cell.items() if name.endswith("_seconds"))


def _beside_products(cell: dict[str, Any]) -> str:
    """How many times as long as products the other ways take."""
    others = [f"{way}_seconds" for way in ("tiles", "shadows")]
    return ", ".join(_short(cell[way] / cell["products_seconds"]) for way in others if way in cell)


def _ceilings(results: Results) -> str:
    rates = _of(results, "ceilings")
    threads = sorted({each["threads"] for each in rates})
    head = " | ".join(["ceiling", *(f"threads: {n}" for n in threads), ""])
    lines = [f"| {head} |", f"|---|{'--:|' * len(threads)}---|"]
    for name in dict.fromkeys(each["name"] for each in rates):
        own = {each["threads"]: each for each in rates if each["name"] == name}
        lines.append(f"| {name} | {' | '.join(_short(own[n]['rate']) for n in threads)} | {own[threads[0]]['unit']} |")
    legend = "The best of some runs. A copied byte counts once, though it is read and written."
    return _titled("What this machine can do", legend, "\n".join(lines) * bool(rates))


def _where(results: Results) -> str:
    looked = [each for each in _of(results, "where") if "seconds" in each]
    lines = ["| row | ksom | ceiling | of it | where ksom's time goes |", "|---|--:|--:|--:|---|"]
    for each in looked:
        functions = ", ".join(f"{name} {share:.0%}" for name, share in each["functions"])
        peer = "" if each["peer"] == "ksom" else f" ({each['peer']})"
        ratio = each["seconds"] / each["bound_seconds"]
        times = f"{_time(each)}{peer} | {_short(each['bound_seconds'])} | {ratio:.2g} ×"
        lines.append(f"| {each['row']['name']} | {times} | {functions} |")
    legend = (
        "ksom's seconds beside what the ceilings allow for the obvious way: online, w += factor · (x − w) for the "
        "nodes within reach of an update, on a map of that size and nothing else; batch and predict, the matrix "
        "products of all samples with all nodes and nothing else. Below 1 ×: work that was not done at all. Then the "
        "functions of the profile, compiled code and waiting threads counted where they are called."
    )
    return _titled("Where the time goes", legend, "\n".join(lines) * bool(looked))


SECTIONS: tuple[Callable[[Results], str], ...] = (
    _machine, _seconds, _memory, _quality, _start, _commands, _curves, _threads, _sweep, _ceilings, _where,
)  # fmt: skip


def _table(results: Results, cell: Callable[[dict[str, Any]], str]) -> str:
    """A line for each peer, a column for each row."""
    rows = [name for name in ROWS if any(each["row"]["name"] == name for each in results)]
    known = {(each["peer"], each["row"]["name"]): each for each in results}
    lines = [f"| peer | version | {' | '.join(rows)} |", "|---|---|" + "--:|" * len(rows)]
    for peer in (name for name in PEERS if any(name == each["peer"] for each in results)):
        own = [known.get((peer, row)) for row in rows]
        version = next(each["version"] for each in own if each)
        lines.append(f"| {peer} | {version} | {' | '.join(cell(each) if each else '' for each in own)} |")
    return "\n".join(lines) * bool(rows)


def _emphasised(result: dict[str, Any], results: Results) -> str:
    others = [
        each["seconds"]
        for each in results
        if each["row"] == result["row"] and "seconds" in each and not PEERS[each["peer"]].yardstick
    ]
    best = others and result.get("seconds") == min(others)
    return f"**{_time(result)}**" if best else _time(result)


def _time(result: dict[str, Any]) -> str:
    if "seconds" not in result:
        return MARKS.get(result.get("status", ""), "")
    return f"{'~' * (result.get('share', 1) < 1)}{_short(result['seconds'])}"


def _megabytes(result: dict[str, Any]) -> str:
    if "memory_bytes" not in result:
        return MARKS.get(result["status"], "")
    return f"{'≥ ' * (result['share'] < 1)}{result['memory_bytes'] / 1e6:.0f}"


def _both_errors(result: dict[str, Any]) -> str:
    errors = [result.get("quantization_error"), result.get("topographic_error", result.get("wrong_nodes"))]
    return " / ".join(f"{error:.4g}" for error in errors if error is not None) or MARKS.get(result["status"], "")


def _notes(results: Results) -> str:
    told = dict.fromkeys(f"- {_who(each)}: {each['note'][:200]}" for each in results if each["status"] in TO_BE_TOLD)
    return "\n".join(told)


def _who(result: dict[str, Any]) -> str:
    return result["peer"] if result["status"] == "absent" else f"{result['peer']}, {result['row']['name']}"


def _of(results: Iterable[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    return [each for each in results if each["part"] == part]


def _titled(title: str, legend: str, content: str, *more: str) -> str:
    """A section; nothing if it has no content."""
    return "\n\n".join(part for part in (f"### {title}", legend, content, *more) if part) if content else ""


def _short(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
