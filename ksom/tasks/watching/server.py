"""A server of one page on this machine: for a run that is watched in a browser."""

import errno
import json
import socketserver
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ksom.errors import OutputError
from ksom.tasks.watching.live_page import LivePage

HERE = "127.0.0.1"
NAMES = (HERE, "localhost")
"""By what this machine calls itself. A page of another site whose name leads here has that name: it gets nothing."""
PATIENCE = 10.0
"""Seconds that whoever asks may take for it."""
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Server(ThreadingHTTPServer):
    """Serves the page of a run, and what is new of it, to this machine; nothing else, and no file.

    Parameters
    ----------
    page : LivePage
        The page.
    port : int
        Where; 0: any port that is free.

    Raises
    ------
    OutputError
        If the port is taken, or may not be used.
    """

    daemon_threads = True

    def __init__(self, page: LivePage, port: int) -> None:
        self.page = page
        try:
            super().__init__((HERE, port), _Answer)
        except OSError as error:
            taken = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror or error})"
            raise OutputError(f"port {port} of {HERE} {taken}; name another: --port, 0 for any that is free") from error

    @property
    def address(self) -> str:
        """What a browser opens."""
        return f"http://{HERE}:{self.server_port}/"

    def server_bind(self) -> None:
        """Take the port; unlike in the base class no name is asked for in the network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HERE, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a browser that went away is no failure."""


class _Answer(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "ksom", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        if not self._is_meant():
            self._send(HTTPStatus.FORBIDDEN, "text/plain", b"this server answers to the names of this machine only\n")
            return
        asked = urlsplit(self.path)
        answers: dict[str, Callable[[str], None]] = {"/": self._page, "/data.json": self._data}
        if asked.path in answers:
            answers[asked.path](asked.query)
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"there is nothing here but the page of the run: /\n")

    def _is_meant(self) -> bool:
        """Whether the server was asked for by a name of this machine."""
        name, _, port = self.headers.get("Host", "").partition(":")
        return name.lower() in NAMES and port in {
            str(self.server.server_port),
            *([""] if self.server.server_port == 80 else []),
        }

    def _page(self, _query: str) -> None:
        page = self.server.page.page()
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.as_html().encode("utf-8", "replace"))

    def _data(self, query: str) -> None:
        have = parse_qs(query).get("have", [""])[0]
        news = json.dumps(self.server.page.news(have), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._send(HTTPStatus.OK, "application/json", news.encode("utf-8", "replace"))

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class calls it so)
        """Say nothing: whoever serves has one line to read."""


def serve(folder: Path, port: int, say: Callable[[str], None]) -> None:
    """Serve the page of a run until somebody types Ctrl-C.

    Parameters
    ----------
    folder : Path
        The run folder.
    port : int
        Where; 0: any port that is free.
    say : callable
        Takes a line that tells the address.

    Raises
    ------
    DataError
        If the folder is that of something else.
    OutputError
        If the port is taken.
    """
    with Server(LivePage(folder), port) as server, suppress(KeyboardInterrupt):
        say(f"{server.address} shows {folder} while it trains, on this machine only; Ctrl-C ends the page, not the run")
        server.serve_forever(poll_interval=0.2)
