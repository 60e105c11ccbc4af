"""The scripts on servers: token files, the look as the world would, and handshakes."""

import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hub.runner import Outcome, Runners
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks
from integrations.proxy.acme.http import HttpSolver, NotReady
from integrations.proxy.acme.order import Proof
from tests.peers.nginx import INSTALL, end, wait_for_pid
from tests.peers.pebble import Authority
from tests.peers.ports import free_port_number, require

TOKEN = "a-Token_of_base64url"
CONTENT = f"{TOKEN}.thumbprint"
_CONF = """
user root;
pid {base}/nginx.pid;
error_log {base}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {base}/t1; proxy_temp_path {base}/t2; fastcgi_temp_path {base}/t3;
    uwsgi_temp_path {base}/t4; scgi_temp_path {base}/t5;
    server {{
        listen 127.0.0.1:{http};
        server_name a.test b.test;
        location ^~ /.well-known/acme-challenge/ {{ root {base}/acme; default_type text/plain; }}
        location / {{ return 404; }}
    }}
    server {{ listen 127.0.0.1:{http}; server_name c.test; return 301 https://c.test$request_uri; }}
    server {{ listen 127.0.0.1:{https} ssl; server_name a.test;
        ssl_certificate {base}/one.pem; ssl_certificate_key {base}/one.key; }}
    server {{ listen 127.0.0.1:{https} ssl; server_name b.test;
        ssl_certificate {base}/two.pem; ssl_certificate_key {base}/two.key; }}
}}
"""

Script = Callable[..., Awaitable[Outcome]]


@pytest.fixture
async def script() -> Script:
    runner = Runners(SystemClock(), Tasks()).local("proxy")

    async def run(name: str, *arguments: object, stdin: str = "") -> Outcome:
        return await runner.script(name, [str(item) for item in arguments], stdin=stdin.encode())

    return run


@pytest.fixture
def serial(base: Path) -> dict[str, str]:
    from cryptography import x509

    names = ("one", "two")
    loaded = {n: x509.load_pem_x509_certificate((base / f"{n}.pem").read_bytes()) for n in names}
    return {name: f"{item.serial_number:X}" for name, item in loaded.items()}


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port_number(), free_port_number()


@pytest.fixture
def base(tmp_path: Path, ports: tuple[int, int]) -> Iterator[Path]:
    """An nginx that serves the webroot for a.test and b.test, and another one for each by TLS."""
    folder = tmp_path / "base"
    folder.mkdir()
    authority = Authority(tmp_path)
    for name, domain in (("one", "a.test"), ("two", "b.test")):
        chain, key = authority.pair([domain])
        (folder / f"{name}.pem").write_bytes(chain)
        (folder / f"{name}.key").write_bytes(key)
    conf = folder / "nginx.conf"
    conf.write_text(_CONF.format(base=folder, http=ports[0], https=ports[1]))
    subprocess.run([require("nginx", INSTALL), "-p", str(folder), "-c", str(conf)], check=True)
    wait_for_pid(folder / "nginx.pid")
    # the folder of pytest is root's alone; nginx runs as root here
    yield folder
    end(folder / "nginx.pid")


async def test_tokens_are_put_found_by_the_world_and_removed(
    script: Script, base: Path, ports: tuple[int, int]
) -> None:
    (await script("challenge", "put", base, stdin=f"{TOKEN} {CONTENT}\nother-token x\n")).check()
    folder = base / "acme/.well-known/acme-challenge"
    assert (folder / TOKEN).read_text() == CONTENT
    assert (folder / TOKEN).stat().st_mode & 0o777 == 0o644
    lines = f"a.test {TOKEN}\nb.test {TOKEN}\nc.test {TOKEN}\na.test gone\n"
    said = await script("challenge", "check", base, "127.0.0.1", ports[0], stdin=lines)
    found = said.check().text.splitlines()
    assert found[:2] == [f"a.test 200 {CONTENT}", f"b.test 200 {CONTENT}"]
    assert found[2].startswith("c.test 301 ")
    assert found[3].startswith("a.test 404 ")
    (await script("challenge", "remove", base, stdin=f"{TOKEN} x\nother-token\n")).check()
    assert list(folder.iterdir()) == []


@dataclass
class Here:
    """This machine as a place for HTTP-01."""

    script: Script
    folder: Path
    port: int
    names: tuple[str, ...] = ("a.test", "b.test", "c.test")
    key: str = "web"

    @property
    def base(self) -> str:
        return str(self.folder)

    @property
    def http(self) -> tuple[str, int]:
        return "127.0.0.1", self.port


def here(script: Script, base: Path, port: int) -> Here:
    async def run(name: str, arguments: Sequence[str], *, stdin: bytes, timeout: float) -> Outcome:
        return await script(name, *arguments, stdin=stdin.decode())

    return Here(run, base, port)


async def test_the_preflight_finds_what_the_ca_would_find(
    script: Script, base: Path, ports: tuple[int, int]
) -> None:
    lines: list[str] = []
    place = here(script, base, ports[0])
    solver = HttpSolver([place], lines.append)
    await solver.preflight(["a.test", "b.test"])
    assert lines == ["a.test, b.test lead to the hub's files"]
    with pytest.raises(NotReady, match=rf"c\.test on web, port {ports[0]}: answers 301 ") as caught:
        await solver.preflight(["a.test", "c.test"])
    assert "a.test on" not in caught.value.message
    with pytest.raises(NotReady, match=r"no server serves d\.test yet; add a host"):
        await solver.preflight(["a.test", "d.test"])
    nobody = HttpSolver([here(script, base, 1)], lines.append)
    with pytest.raises(NotReady, match=r"a\.test on web, port 1: does not answer"):
        await nobody.preflight(["a.test"])
    assert list((base / "acme/.well-known/acme-challenge").iterdir()) == []


async def test_every_server_gets_the_files_and_one_that_fails_is_named(
    script: Script, base: Path, ports: tuple[int, int], tmp_path: Path
) -> None:
    proofs = [Proof("a.test", TOKEN, CONTENT)]
    bad = tmp_path / "bad"
    bad.write_text("a file")
    places = [replace(here(script, bad, 1), key="bad"), here(script, base, ports[0])]
    solver = HttpSolver(places, print)
    with pytest.raises(NotReady, match=r"http-01: bad: .*can not be made"):
        await solver.present(proofs)
    assert (base / "acme/.well-known/acme-challenge" / TOKEN).read_text() == CONTENT
    await HttpSolver(places[1:], print).cleanup(proofs)
    assert list((base / "acme/.well-known/acme-challenge").iterdir()) == []


async def test_nobody_there(script: Script, tmp_path: Path) -> None:
    said = await script("challenge", "check", tmp_path, "127.0.0.1", 1, stdin=f"a.test {TOKEN}\n")
    assert said.check().text.split() == ["a.test", "000"]


@pytest.mark.parametrize(
    "line",
    ["../../outside x", "a/b x", ". x", "a.b x", "", "a$(id) x", "é x", "*", "a" * 300],
)
@pytest.mark.parametrize("verb", ["put", "remove"])
async def test_a_token_is_no_path(script: Script, tmp_path: Path, verb: str, line: str) -> None:
    (tmp_path / "outside").write_text("kept")
    base = tmp_path / "base"
    outcome = await script("challenge", verb, base, stdin=f"{line}\n")
    assert outcome.status == 65
    written = [path for path in base.rglob("*") if path.is_file()]
    assert written == []
    assert (tmp_path / "outside").read_text() == "kept"


@pytest.mark.parametrize("name", ["-K/etc/passwd", "a.test\tx", "a;b", "a$(id)"])
async def test_a_name_is_no_option(script: Script, tmp_path: Path, name: str) -> None:
    line = f"{name} {TOKEN}\n"
    outcome = await script("challenge", "check", tmp_path, "127.0.0.1", 1, stdin=line)
    assert outcome.status == 65 or "\t" in name
    outcome = await script("served", "127.0.0.1", 1, "-", 0, stdin=f"{name}\n")
    assert outcome.status == 65


async def test_a_link_leads_nowhere(script: Script, tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "acme").symlink_to(tmp_path / "foreign")
    outcome = await script("challenge", "put", tmp_path / "base", stdin=f"{TOKEN} x\n")
    assert outcome.status == 70
    assert "is a symbolic link" in outcome.error_text
    assert list((tmp_path / "foreign").iterdir()) == []


async def test_old_tokens_are_swept(script: Script, tmp_path: Path) -> None:
    folder = tmp_path / "acme/.well-known/acme-challenge"
    folder.mkdir(parents=True)
    old, young = folder / "old-token", folder / "young-token"
    for path in (old, young):
        path.write_text("x")
    os.utime(old, (1, 1))
    (await script("challenge", "put", tmp_path, stdin=f"{TOKEN} x\n")).check()
    assert sorted(path.name for path in folder.iterdir()) == sorted([TOKEN, "young-token"])


async def test_a_folder_that_can_not_be_written(script: Script, tmp_path: Path) -> None:
    (tmp_path / "acme").write_text("a file")
    outcome = await script("challenge", "put", tmp_path, stdin=f"{TOKEN} x\n")
    assert outcome.status == 74


async def test_handshakes_tell_who_is_served(
    script: Script, base: Path, ports: tuple[int, int], serial: dict[str, str]
) -> None:
    names = "a.test\nb.test\nstranger.test\n"
    said = await script("served", "127.0.0.1", ports[1], "-", 0, stdin=names)
    assert said.check().text.splitlines() == [
        f"a.test {serial['one']}",
        f"b.test {serial['two']}",
        f"stranger.test {serial['one']}",
    ]
    said = await script("served", "127.0.0.1", ports[1], serial["two"], 1, stdin="b.test\n")
    assert said.check().text == f"b.test {serial['two']}\n"
    said = await script("served", "127.0.0.1", ports[1], "ABC", 0, stdin="b.test\n")
    assert said.check().text == f"b.test {serial['two']}\n"
    said = await script("served", "127.0.0.1", 1, "ABC", 0, stdin="b.test\n")
    assert said.check().text == "b.test -\n"
