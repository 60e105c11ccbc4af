"""A small web site for the demo's reverse proxy to stand in front of.

python site.py PORT
"""

import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The demo's site</title>
<body style="font: 18px system-ui; margin: 4rem auto; max-width: 36rem">
<h1>It works</h1>
<p>This page comes from a small web server on port {port}. nginx, which the hub deployed, handed
your request for <b>{host}</b> on to it at {now} UTC.</p>
<p>Change <code>config/demo/resources/site.yaml</code> and save: the hub tests the new configuration
and swaps it in, and no request is lost.</p>
"""


class Site(BaseHTTPRequestHandler):
    """Answers every path with the same page."""

    def do_GET(self) -> None:
        """Say who asked, and when."""
        now = datetime.now(UTC).strftime("%H:%M:%S")
        host = "".join(
            char for char in self.headers.get("Host", "?") if char.isalnum() or char in ".-:"
        )
        body = PAGE.format(port=self.server.server_address[1], host=host, now=now).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Site).serve_forever()
