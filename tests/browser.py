"""A real browser, headless: Chromium, as Debian has it, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@dataclass
class Opened:
    """A page in the browser, and what it did that it must not."""

    page: Any
    """Playwright's page."""
    errors: list[str] = field(default_factory=list)
    """What the console told of: errors, warnings, exceptions."""
    requests: list[str] = field(default_factory=list)
    """What was asked for, beside the file itself and what is in it."""

    def require_clean(self) -> None:
        assert not self.errors
        assert not self.requests


@contextmanager
def opened(
    path: Path | str, *, size: dict[str, int] = DESK, scheme: str = "light", touch: bool = False
) -> Iterator[Opened]:
    """Open a file, or an address, in a fresh browser."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        assert "CI" not in os.environ, "there must be a Chromium"
        pytest.skip("pages are opened in a Chromium: apt-get install chromium")
    address = path if isinstance(path, str) else path.resolve().as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(
            viewport=size, color_scheme=scheme, has_touch=touch, offline=isinstance(path, Path)
        )
        page = context.new_page()
        found = Opened(page)
        page.on("console", lambda told: found.errors.append(told.text) if told.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on(
            "request", lambda request: found.requests.append(request.url) if _is_foreign(request.url, address) else None
        )
        page.goto(address)
        yield found
        browser.close()


def _is_foreign(url: str, address: str) -> bool:
    return not url.startswith((address, "data:", "blob:"))
