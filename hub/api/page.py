"""The built page: files with hashed names for ever, the shell always fresh, strict CSP."""

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

STATIC: Final = Path(__file__).parent / "static"

CSP: Final = (
    "default-src 'self'; base-uri 'none'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-ancestors {frames}; img-src 'self' data:; object-src 'none'; "
    "script-src 'self'; style-src 'self'"
)
"""No inline script or style, nothing from other hosts."""

_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_NOT_PAGES: Final = ("/api", "/auth", "/.well-known", "/assets")
_DOTTED: Final = "/resources/"
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))

_REFUSED: Final = re.compile(r"q=0(\.0*)?").fullmatch

_NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hub</title></head>
<body>
<h1>The hub is running, its page is not built</h1>
<p>Run <code>make setup</code> with Node 20 or newer installed: it builds the page, then reload.</p>
<p>The API at <code>/api/</code> and the websocket at <code>/api/websocket</code> work without the
page.</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the page with its precompressed copies."""

    path: Path
    etag: str
    content_type: str
    immutable: bool
    encodings: dict[str, Path]


class Page:
    """Finds and serves the files below one folder; nothing outside it is ever opened."""

    def __init__(self, root: Path = STATIC) -> None:
        """Serve the files that `root` holds when they are first asked for."""
        self._root = root
        self._files: dict[str, File] = {}
        self._stamp = 0

    def find(self, path: str) -> File | None:
        """Return the file of a URL path such as `/assets/main-1a2b.js`."""
        self._refresh()
        return self._files.get(path)

    def response(self, request: web.Request, file: File) -> web.StreamResponse:
        """Answer with a file in the best encoding the client takes, or 304."""
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: file.content_type,
            hdrs.ETAG: file.etag,
            hdrs.VARY: "Accept-Encoding",
            hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"
            if file.immutable
            else "no-cache",
        }
        if file.content_type.startswith("text/html"):
            headers |= page_headers(request.path)
        if file.etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=headers)
        path = file.path
        accepted = _accepted(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
        for name, packed in file.encodings.items():
            if name in accepted:
                headers[hdrs.CONTENT_ENCODING] = name
                path = packed
                break
        return web.Response(body=path.read_bytes(), headers=headers)

    def shell(self, request: web.Request) -> web.StreamResponse:
        """Answer with the page itself, or say how to build it."""
        file = self.find("/index.html")
        if file is not None:
            return self.response(request, file)
        headers = page_headers(request.path) | {hdrs.CACHE_CONTROL: "no-cache"}
        return web.Response(text=_NOT_BUILT, content_type="text/html", headers=headers)

    def instead_of(self, request: web.Request, error: web.HTTPException) -> web.StreamResponse:
        """Answer a path without a route: a file of the page, one of its addresses, or the error."""
        if request.method not in ("GET", "HEAD") or error.status != 404:
            raise error
        path = request.path
        file = self.find(path)
        if file is not None:
            return self.response(request, file)
        wants_page = "text/html" in request.headers.get(hdrs.ACCEPT, "")
        if wants_page and not path.startswith(_NOT_PAGES) and _is_address(path):
            return self.shell(request)
        raise error

    def _refresh(self) -> None:
        """Read the listing again when the page was built anew."""
        index = self._root / "index.html"
        stamp = index.stat().st_mtime_ns if index.is_file() else 0
        if stamp == self._stamp and (self._files or not stamp):
            return
        self._stamp = stamp
        self._files = {
            "/" + path.relative_to(self._root).as_posix(): _describe(path)
            for path in (self._root.rglob("*") if stamp else ())
            if path.is_file() and _is_served(path.relative_to(self._root))
        }


def _is_address(path: str) -> bool:
    """Tell addresses of the page from missing files; resources have dots in their names."""
    return "." not in path or path.startswith(_DOTTED)


def _accepted(header: str) -> set[str]:
    """Return the encodings that a client takes, without those it gives the weight 0."""
    parts = [part.lower().partition(";") for part in header.split(",")]
    return {name.strip() for name, _, weight in parts if not _REFUSED(weight.strip())}


def _is_served(path: Path) -> bool:
    """Leave out hidden files (the builder's own manifest) and the packed copies."""
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.suffix not in (".br", ".gz")


def page_headers(path: str) -> dict[str, str]:
    """Return the headers of an HTML page; the log-in page may stand in no frame at all."""
    if path == "/auth/authorize":
        return {
            "Content-Security-Policy": CSP.format(frames="'none'"),
            "X-Frame-Options": "DENY",
        }
    return {"Content-Security-Policy": CSP.format(frames="'self'")}


def _describe(path: Path) -> File:
    content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    encodings = {
        name: packed
        for name, suffix in _ENCODINGS
        if (packed := path.with_name(path.name + suffix)).is_file()
    }
    return File(
        path,
        f'"{digest}"',
        content_type or "application/octet-stream",
        path.parent.name == "assets",
        encodings,
    )
