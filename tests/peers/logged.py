"""A real nginx that logs as the hub has it log, for tests of what is read from a server."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.nginx import wait_for_pid
from tests.peers.ports import free_port_number, require
from tests.peers.sshd import public_folder

CONF = """
pid {base}/run/nginx.pid;
error_log {base}/log/error.log;
worker_processes 1;
{user}
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {base}/run/b; proxy_temp_path {base}/run/p; fastcgi_temp_path {base}/run/f;
  uwsgi_temp_path {base}/run/u; scgi_temp_path {base}/run/s;
  log_format hub_json escape=json '{{"t":$msec,"h":"$hub_host","s":"$status","rt":$request_time,'
    '"us":"$upstream_status","b":$bytes_sent,"u":"$request_uri"}}';
  server {{
    listen 127.0.0.1:{port};
    set $hub_host proxy.host/blog;
    access_log {base}/log/access.json hub_json;
    location / {{ return 200 "hello\\n"; }}
    location /missing {{ return 404; }}
    location /away {{ proxy_pass http://127.0.0.1:{closed}; }}
  }}
  server {{
    listen 127.0.0.1:{status};
    access_log off;
    location = /hub/release {{ return 200 "r000001-0a0b0c0d"; }}
    location = /hub/status {{ stub_status; }}
  }}
}}
"""


@dataclass
class Logged:
    """An nginx as a release of the hub configures it: its log, its status, its id."""

    base: Path
    port: int
    status: int
    closed: int

    @property
    def log(self) -> Path:
        """The access log."""
        return self.base / "log" / "access.json"

    def get(self, path: str = "/", times: int = 1) -> None:
        """Visit the site."""
        url = f"http://127.0.0.1:{self.port}{path}"
        subprocess.run(["curl", "-s", "-o", "/dev/null", *[url] * times], check=True)

    def tell(self, what: str) -> None:
        """Start nginx, or tell it something such as `-s reopen`."""
        binary = require("nginx", "apt-get install -y nginx")
        command = [binary, "-p", str(self.base), "-c", str(self.base / "nginx.conf")]
        subprocess.run([*command, *what.split()], check=True)


@pytest.fixture
def logged() -> Iterator[Logged]:
    """An nginx with a hub's folder, and a site that forwards to nowhere below /away."""
    base = public_folder("hub-nginx-")
    for name in ("log", "run", "cache"):
        (base / name).mkdir()
    found = Logged(base, free_port_number(), free_port_number(), free_port_number())
    (base / "nginx.conf").write_text(
        CONF.format(
            base=base, port=found.port, status=found.status, closed=found.closed,
            user="user root;" if os.geteuid() == 0 else "",
        )
    )  # fmt: skip
    found.tell("")
    wait_for_pid(base / "run" / "nginx.pid")
    yield found
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((base / "run" / "nginx.pid").read_text()), signal.SIGTERM)
    shutil.rmtree(base, ignore_errors=True)
