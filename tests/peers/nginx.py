"""Real nginx: one that somebody else set up, folders for the hub's own, and servers behind them."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from tests.peers.ports import free_port_number, require, wait_for
from tests.peers.sshd import Account, public_folder

INSTALL = "apt-get install -y nginx-light libnginx-mod-stream"
STREAM = "modules/ngx_stream_module.so"
"""As Debian writes it: below the prefix that nginx was built with."""

# As Debian lays it out, in another place and on another port.
_MAIN = """\
user root;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
include {folder}/modules-enabled/*.conf;

events {{
    worker_connections 768;
}}

http {{
    sendfile on;
    default_type application/octet-stream;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/tmp/body;
    proxy_temp_path {folder}/tmp/proxy;
    fastcgi_temp_path {folder}/tmp/fastcgi;
    uwsgi_temp_path {folder}/tmp/uwsgi;
    scgi_temp_path {folder}/tmp/scgi;
    include {folder}/conf.d/*.conf;
    include {folder}/sites-enabled/*;
}}
"""
_SITE = """\
server {{
    listen 127.0.0.1:{port} default_server;
    server_name foreign.test;
    include snippets/extra.conf;
    location / {{ return 200 "foreign\\n"; }}
}}
"""


@dataclass
class Nginx:
    """An nginx of somebody else, with a site of its own."""

    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def main(self) -> Path:
        """The main configuration file."""
        return self.folder / "nginx.conf"

    @property
    def spec(self) -> dict[str, object]:
        """The fields of a `proxy.server` that say where this nginx is."""
        return {
            "instance": "shared",
            "main_config": str(self.main),
            "drop_in": str(self.folder / "conf.d" / "hub.conf"),
            "stream_drop_in": str(self.folder / "modules-enabled" / "99-hub-stream.conf"),
            "base": str(self.folder / "hub"),
            "http_port": self.port,
            "https_port": free_port_number(),
            "status_port": free_port_number(),
            "addresses": ["127.0.0.1"],
            "resolver": ["127.0.0.1:1"],
        }

    @property
    def errors(self) -> str:
        """What it wrote into its error log."""
        path = self.folder / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def write(self) -> None:
        """Write the configuration of the one who set it up."""
        for name in ("conf.d", "sites-enabled", "modules-enabled", "snippets", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        self.main.write_text(_MAIN.format(folder=self.folder))
        (self.folder / "modules-enabled" / "50-mod-stream.conf").write_text(
            f"load_module {STREAM};\n"
        )
        # as Debian's sites take in snippets/fastcgi-php.conf
        (self.folder / "snippets" / "extra.conf").write_text("add_header X-Foreign yes always;\n")
        (self.folder / "sites-enabled" / "default").write_text(_SITE.format(port=self.port))

    def start(self) -> None:
        """Start it in the foreground of a process of its own."""
        binary = require("nginx", INSTALL)
        with (self.folder / "start.log").open("ab") as log:
            process = self._process = subprocess.Popen(
                [binary, "-c", str(self.main), "-g", "daemon off;"], stdout=log, stderr=log
            )
        wait_for_pid(self.folder / "nginx.pid", process)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait; SIGKILL plays a crash, and its workers go too."""
        if self._process is None:
            return
        children = _children(self._process.pid)
        self._process.send_signal(how)
        self._process.wait(timeout=30)
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process = None

    def bytes_of_others(self) -> dict[str, tuple[bytes, int]]:
        """Return content and time of every file that is not the hub's."""
        own = {self.folder / "conf.d" / "hub.conf"}
        own.add(self.folder / "modules-enabled" / "99-hub-stream.conf")
        places = ("conf.d", "sites-enabled", "modules-enabled")
        files = [self.main, *(file for name in places for file in (self.folder / name).iterdir())]
        return {
            str(file): (file.read_bytes(), file.stat().st_mtime_ns)
            for file in files
            if file not in own
        }


def _children(pid: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in done.stdout.split()]


def wait_for_pid(pid_file: Path, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Wait until nginx wrote its process: then it listens on all of its ports.

    It writes it after it listens, so a port that accepts says less. `process` is in the foreground.
    """

    def written() -> bool:
        if process is not None and process.poll() is not None:
            pytest.fail(f"nginx ended before it wrote {pid_file}")
        text = pid_file.read_text().strip() if pid_file.exists() else ""
        return text == str(process.pid) if process is not None else text.isdigit()

    wait_for(written, f"{pid_file} to be written")


@pytest.fixture
def make_nginx() -> Iterator[Callable[[], Nginx]]:
    """Return a function that starts an nginx of somebody else."""
    made: list[Nginx] = []

    def make(*, start: bool = True) -> Nginx:
        nginx = Nginx(public_folder("hub-nginx-"), free_port_number())
        made.append(nginx)
        nginx.write()
        if start:
            nginx.start()
        return nginx

    yield make
    for nginx in made:
        nginx.stop()
        shutil.rmtree(nginx.folder, ignore_errors=True)


@pytest.fixture
def nginx(make_nginx: Callable[[], Nginx]) -> Nginx:
    """A running nginx of somebody else."""
    return make_nginx()


def own_spec(base: Path) -> dict[str, object]:
    """Return the fields of a `proxy.server` for an nginx of the hub's own, on free ports."""
    return {
        "instance": "own",
        "nginx": "/usr/sbin/nginx",
        "base": str(base),
        "http_port": free_port_number(),
        "https_port": free_port_number(),
        "status_port": free_port_number(),
        "addresses": ["127.0.0.1"],
        "resolver": ["127.0.0.1:1"],
    }


@pytest.fixture
def make_base(account: Account) -> Iterator[Callable[[], Path]]:
    """Return a function that makes a folder of the account; the nginx in it ends with the test."""
    require("nginx", INSTALL)
    made: list[Path] = []

    def make() -> Path:
        folder = public_folder("hub-proxy-")
        shutil.chown(folder, account.name, account.name)
        made.append(folder)
        return folder / "base"

    yield make
    for folder in made:
        for pid_file in folder.rglob("nginx.pid"):
            end(pid_file)
        shutil.rmtree(folder, ignore_errors=True)


def end(pid_file: Path) -> None:
    """End the nginx that a pid file names, and wait for it."""
    text = pid_file.read_text().strip()
    if not text.isdigit():
        return
    pid = int(text)
    for how in (signal.SIGCONT, signal.SIGTERM):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
    deadline = time.monotonic() + 5
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    if lives(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not lives(pid), "nginx to end")


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@dataclass
class Backend:
    """A web server behind the proxies that says who it is and what it was asked."""

    name: str
    port: int
    requests: list[web.BaseRequest] = field(default_factory=list)

    @property
    def last(self) -> web.BaseRequest:
        """The newest request."""
        return self.requests[-1]


StartBackend = Callable[..., Awaitable[Backend]]


@pytest.fixture
async def start_backend() -> AsyncIterator[StartBackend]:
    """Return a function that starts a web server by name; `answer` makes its responses."""
    runners: list[web.ServerRunner] = []

    async def start(
        name: str = "site",
        answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] | None = None,
    ) -> Backend:
        backend = Backend(name, 0)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            backend.requests.append(request)
            if answer is not None:
                return await answer(request)
            return web.Response(text=f"{name} {request.path_qs}\n")

        runner = web.ServerRunner(web.Server(handle))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        runners.append(runner)
        backend.port = runner.addresses[0][1]
        return backend

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def backend(start_backend: StartBackend) -> Backend:
    """A web server called `site`."""
    return await start_backend()
