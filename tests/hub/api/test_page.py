"""The page's files: cached for ever, negotiated, confined; and words when it is not built."""

import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from hub.api.page import Page
from tests.peers.house import House

Serve = Callable[[web.Application], Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / ".vite").mkdir()
    (root / ".vite" / "manifest.json").write_text("{}")
    (root / "index.html").write_text("<!doctype html><title>Hub</title>")
    (root / "assets" / "main-1a2b.js").write_text("let page;")
    (root / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(b"let page;"))
    (root / "assets" / "main-1a2b.js.br").write_bytes(b"brotli")
    (tmp_path / "secret.txt").write_text("secret")
    return root


async def serving(root: Path, aiohttp_client: Serve) -> TestClient[Any, Any]:
    page = Page(root)

    async def serve(request: web.Request) -> web.StreamResponse:
        if request.path == "/":
            return page.shell(request)
        return page.instead_of(request, web.HTTPNotFound())

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    return await aiohttp_client(app)


@pytest.fixture
async def client(built: Path, aiohttp_client: Serve) -> TestClient[Any, Any]:
    return await serving(built, aiohttp_client)


async def test_hashed_files_are_kept_for_ever(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/assets/main-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert await answer.text() == "let page;"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("deflate", None)],
)
async def test_the_best_packed_copy_is_sent(
    client: TestClient[Any, Any], accepted: str, encoding: str | None
) -> None:
    answer = await client.get(
        "/assets/main-1a2b.js", headers={"Accept-Encoding": accepted}, auto_decompress=False
    )
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"


async def test_the_shell_is_asked_for_again_and_not_sent_twice(
    client: TestClient[Any, Any],
) -> None:
    first = await client.get("/")
    assert first.headers["Cache-Control"] == "no-cache"
    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    again = await client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")


async def test_a_page_built_anew_is_noticed(client: TestClient[Any, Any], built: Path) -> None:
    await client.get("/")
    (built / "index.html").write_text("<!doctype html><title>New</title>")
    assert "New" in await (await client.get("/")).text()


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/.vite/manifest.json",
        "/assets/main-1a2b.js.gz",
        "/assets/none.js",
        "/assets/",
        "/%00",
    ],
)
async def test_nothing_else_is_ever_opened(client: TestClient[Any, Any], path: str) -> None:
    answer = await client.get(URL(path, encoded=True))
    assert answer.status == 404


async def test_addresses_of_the_page_show_it(client: TestClient[Any, Any]) -> None:
    html = {"Accept": "text/html,*/*"}
    assert (await client.get("/rooms/kitchen", headers=html)).status == 200
    assert (await client.get("/rooms/kitchen")).status == 404
    assert (await client.get("/api/none", headers=html)).status == 404
    assert (await client.get("/none.js", headers=html)).status == 404
    assert (await client.get("/resources/proxy.host/blog.example", headers=html)).status == 200


async def test_a_page_that_is_not_built_says_so(tmp_path: Path, aiohttp_client: Serve) -> None:
    client = await serving(tmp_path / "none", aiohttp_client)
    answer = await client.get("/")
    text = await answer.text()
    assert answer.status == 200
    assert "make setup" in text
    assert "Node 20" in text
    assert "Content-Security-Policy" in answer.headers
    assert (await client.get("/manifest.json")).status == 404


async def test_a_running_hub_shows_its_page(house: House) -> None:
    answer = await house.session.get(f"{house.url}/")
    assert "<title>Hub" in await answer.text()
    assert answer.status == 200
    assert answer.content_type == "text/html"
    manifest = await house.session.get(f"{house.url}/manifest.json")
    assert (await manifest.json(content_type=None))["start_url"] == "/"
