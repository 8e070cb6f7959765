"""A page of one file, which a browser opens offline: what it may do is said in it."""

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORBIDDEN = "default-src 'none'; base-uri 'none'; form-action 'none'"
"""No request at all, of whatever kind, and no script and no style but those that are named beside it."""


class Page:
    """A page whose scripts draw what its data tell.

    Parameters
    ----------
    title : str
        What the browser calls it; shown as text, whatever it holds.
    scripts : sequence of str
        Names of files of this folder, without `.js`, in the order in which they are run. They share one scope, so each
        function has its own name in all of them.
    styles : sequence of str
        Names of files of this folder, without `.css`.
    data : mapping
        What JSON can hold; scripts find it as `DATA`. Arrays are texts, see `as_base64`.
    body : str
        HTML that stands in the page before the scripts run; whoever makes it escapes what is not his own.
    may_ask_server : bool
        Whether its scripts may ask the server that it came from, and nobody else: for a page that grows.
    """

    def __init__(
        self,
        title: str,
        scripts: Sequence[str],
        styles: Sequence[str],
        data: Mapping[str, Any],
        *,
        body: str = "",
        may_ask_server: bool = False,
    ) -> None:
        self.title = title
        self.script = _script(scripts)
        self.style = "".join(_file(f"{name}.css") for name in styles)
        self.data = data
        self.body = body
        self.may_ask_server = may_ask_server

    @property
    def policy(self) -> str:
        """What a browser lets the page do: run these scripts, use these styles, show pictures that are in it."""
        parts = [FORBIDDEN, f"script-src '{_hash(self.script)}'", "style-src 'unsafe-inline'", "img-src data: blob:"]
        return "; ".join([*parts, "connect-src 'self'"] if self.may_ask_server else parts)

    def as_html(self) -> str:
        """Return the page, text of a file in UTF-8."""
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{html.escape(self.policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="ksom">
<title>{html.escape(self.title)}</title>
<style>
{self.style}</style>
</head>
<body>
{self.body}
<script type="application/json" id="data">{_as_json(self.data)}</script>
<script>{self.script}</script>
</body>
</html>
"""


def as_base64(array: NDArray[Any]) -> str:
    """Return an array's bytes, little-endian, as text: `decoded(text, Float32Array)` in a script takes them back."""
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return base64.b64encode(little.tobytes()).decode("ascii")


def _script(names: Sequence[str]) -> str:
    """Return files as one script with a scope of its own, `DATA` among its names."""
    told = "".join(_file(f"{name}.js") for name in names)
    data = 'const DATA = JSON.parse(document.getElementById("data").textContent);'
    return f'"use strict";\n(() => {{\n{data}\n{told}}})();\n'


def _file(name: str) -> str:
    return files("ksom.pictures.page").joinpath(name).read_text("utf-8")


def _hash(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}"


def _as_json(data: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the element that it stands in, whatever texts are in it."""
    told = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return told.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
