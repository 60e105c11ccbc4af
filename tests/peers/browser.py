"""Debian's chromium, driven by playwright; nothing is downloaded."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.peers.ports import require

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

INSTALL = "apt-get install -y chromium"
ARGUMENTS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE = 20_000
"""How long what is expected of a page may take, in ms: two cores may be busy with other tests."""


@pytest.fixture
async def browser() -> AsyncIterator["Browser"]:
    """A headless chromium of one test."""
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=PATIENCE)
    binary = require("chromium", INSTALL)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=binary, headless=True, args=ARGUMENTS
        )
        yield chromium
        await chromium.close()


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
