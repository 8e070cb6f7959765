"""A store of files on this machine's own loopback: a web server that sends ranges, and can be made to misbehave."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Store(ThreadingHTTPServer):
    """What it has, and how it behaves."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.tag = "first"
        """The ETag of all files."""
        self.status = 200
        """What it answers to everything; 200: what is true."""
        self.fails = 0
        """How many of the next requests it answers with 503."""
        self.sends_ranges = True
        self.ranges: list[tuple[int, int]] = []
        """The first byte and the last of each range that was asked for."""

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: Store
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, with_content: bool) -> None:
        content, store = self.server.files.get(self.path[1:].partition("?")[0]), self.server
        status = store.status if store.status != 200 else 404 if content is None else 200
        if store.fails:
            store.fails, status = store.fails - 1, 503
        body = content if status == 200 and content is not None else b""
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if status == 200 and wanted and store.sends_ranges and with_content:
            first, last = int(wanted[1]), int(wanted[2])
            store.ranges.append((first, last))
            status, body = 206, body[first : last + 1]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", store.tag)
        self.end_headers()
        if with_content:
            self.wfile.write(body)


@contextmanager
def serving() -> Iterator[Store]:
    with Store() as store:
        thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield store
        finally:
            store.shutdown()
            thread.join()
