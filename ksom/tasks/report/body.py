"""What a report says without any script: read by whoever prints it, or lets no script run."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def body(data: Mapping[str, Any]) -> str:
    """Return the HTML that stands in the page before its scripts run; all texts in it are escaped.

    Parameters
    ----------
    data : mapping
        The page's data.
    """
    return "\n".join(['<main id="static">', *_parts(data), "</main>"])


def _parts(data: Mapping[str, Any]) -> Iterator[str]:
    yield f'<header><h1>{_text(data["title"])}</h1><p id="about">{_text(data["about"])}</p></header>'
    yield from _section("words", "In words", map(_word, data["words"]))
    yield from _section("quality", "Quality", _quality(data["quality"]))
    yield from _section("clusters-told", "Clusters", map(_cluster, data["clusters"] or ()))
    yield from _section("provenance", "Where it comes from", _provenance(data["provenance"]))
    yield from _section("commands", "Do it again", [_code(data["commands"])] * bool(data["commands"]))
    yield from _section("notes", "Not looked at, and what to know", [_list(data["notes"])] * bool(data["notes"]))


def _section(name: str, heading: str, parts: Iterable[str]) -> Iterator[str]:
    """Yield a part of the page; nothing if there is nothing in it."""
    told = list(parts)
    if told:
        yield f'<section id="{name}"><h2>{heading}</h2>'
        yield from told
        yield "</section>"


def _word(word: Mapping[str, Any]) -> str:
    advice = f"<br><em>{_text(word['advice'])}</em>" if word["advice"] else ""
    return f"<p><strong>{_text(word['what'])}</strong>: {_text(word['evidence'])}{advice}</p>"


def _quality(quality: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if quality:
        heads = ("measure", None), ("value", "number"), ("what it is", "text")
        head = "".join(f'<th scope="col"{_class(name)}>{told}</th>' for told, name in heads)
        rows = "".join(map(_measure, quality))
        yield f'<table class="quality"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _measure(one: Mapping[str, Any]) -> str:
    value = "–" if one["value"] is None else f"{one['value']:.4g}"
    cells = f'<td class="number">{value}</td><td class="text">{_text(one["definition"])}</td>'
    return f'<tr><th scope="row">{_text(one["name"])}</th>{cells}</tr>'


def _class(name: str | None) -> str:
    return "" if name is None else f' class="{name}"'


def _cluster(cluster: Mapping[str, Any]) -> str:
    samples = "" if cluster["samples"] is None else f", {cluster['samples']:,} samples"
    rule = f"<br>rule: {_text(cluster['rule'])}" if cluster["rule"] else ""
    return f"<p><strong>{_text(cluster['name'])}</strong> ({cluster['nodes']:,} nodes{samples}){rule}</p>"


def _provenance(pairs: Sequence[Sequence[str]]) -> Iterator[str]:
    if pairs:
        facts = "".join(f"<dt>{_text(key)}</dt><dd>{_text(told)}</dd>" for key, told in pairs)
        yield f'<dl class="facts-of">{facts}</dl>'


def _code(lines: Iterable[str]) -> str:
    return f"<pre><code>{html.escape(chr(10).join(lines))}</code></pre>"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>"


def _text(text: object) -> str:
    """Return text as HTML, whose direction changes nothing around it."""
    return f"<bdi>{html.escape(str(text))}</bdi>"
