"""Debian's chromium, driven by playwright; nothing is downloaded."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.ports import require, wait_for

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

INSTALL = "apt-get install -y chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-back-forward-cache",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-ipc-flooding-protection",
    "--disable-popup-blocking",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--enable-automation",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
]
PATIENCE = 20_000
"""How long what is expected of a page may take, in ms: two cores may be busy with other tests."""


@dataclass
class Chromium:
    """One process for all tests of a worker; each has contexts of its own in it."""

    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """Return the address of its DevTools protocol; started when it does not run."""
        place = self.folder / "DevToolsActivePort"
        if self._process is None or self._process.poll() is not None:
            place.unlink(missing_ok=True)
            self._start()
        wait_for(lambda: place.exists() and place.read_text().count("\n"), "chromium", timeout=30)
        port, path = place.read_text().split()
        return f"ws://127.0.0.1:{port}{path}"

    def stop(self) -> None:
        """End it and wait for it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)

    def _start(self) -> None:
        where = [f"--user-data-dir={self.folder}", "--remote-debugging-port=0"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [require("chromium", INSTALL), *ARGUMENTS, *where], stdout=log, stderr=log
            )


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A headless chromium; the start takes longer than many a test."""
    found = Chromium(tmp_path_factory.mktemp("chromium"))
    yield found
    found.stop()


@pytest.fixture
async def browser(chromium: Chromium) -> AsyncIterator["Browser"]:
    """A connection to the chromium of one test."""
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        connected = await playwright.chromium.connect_over_cdp(chromium.endpoint)
        yield connected
        await connected.close()


@pytest.fixture
async def page(browser: "Browser") -> AsyncIterator["Page"]:
    """A tab in a fresh profile, 1440x900; its trouble is collected by `trouble_of(page)`."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    yield await context.new_page()
    await context.close()


def trouble_of(page: "Page") -> list[str]:
    """Return a list that fills with console errors, page errors and failed requests from now on."""
    trouble: list[str] = []
    page.on("console", lambda text: trouble.append(text.text) if text.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("requestfailed", lambda request: trouble.append(f"{request.url}: {request.failure}"))
    return trouble
