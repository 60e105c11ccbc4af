"""Failure cases of a candidate: what nginx refuses never becomes current."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.resources import Phase
from tests.integrations.proxy.conftest import World, forward
from tests.peers.nginx import Backend, Nginx, StartBackend, end
from tests.peers.ports import wait_for_port

pytestmark = pytest.mark.timeout(120)

BAD = "no_such_directive on;"


def snapshot(world: World, key: str = "web") -> dict[str, bytes]:
    """Return every byte that nginx may read of the hub's."""
    base = world.bases[key]
    found = {str(path): path.read_bytes() for path in (base / "current").rglob("*.conf")}
    found |= {str(path): path.read_bytes() for path in (base / "files").iterdir()}
    found["current"] = str((base / "current").readlink()).encode()
    return found


async def test_case_01_a_refused_candidate_changes_nothing(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    before = snapshot(world)
    spec = forward(backend, "blog.test", advanced_config=f"# mine\n{BAD}", forward_port=1)
    status = await world.apply("proxy.host/blog", **spec)
    assert status.phase is Phase.FAILED
    assert "advanced_config" in status.message
    assert "no_such_directive" in status.message
    assert "proxy.host/blog" in status.message
    assert snapshot(world) == before
    assert await world.fetch("blog.test") == "site /\n"
    assert status.facts["servers"]["web"]["revision"] == 1
    assert status.observed_revision == 1
    assert not (world.bases["web"] / "lock").exists()
    names = {path.name for path in (world.bases["web"] / "releases").iterdir()}
    assert names == set(world.site().seen.releases)  # type: ignore[union-attr]


async def test_case_01_one_refused_host_does_not_hold_up_others(
    world: World, backend: Backend
) -> None:
    names = [f"h{number}" for number in range(8)]
    for name in names:
        bad = {"advanced_config": BAD} if name in {"h2", "h5"} else {}
        await world.put(f"proxy.host/{name}", **forward(backend, f"{name}.test", **bad))
    phases = {name: (await world.settled(f"proxy.host/{name}")).phase for name in names}
    assert {name for name, phase in phases.items() if phase is Phase.FAILED} == {"h2", "h5"}
    for name in names:
        wanted = None if name in {"h2", "h5"} else "site /\n"
        assert await world.fetch(f"{name}.test") == wanted


async def test_case_02_broken_live_files_are_found_and_go_nowhere(
    world: World, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    live = world.bases["web"] / "current" / "http" / "host-blog.conf"
    live.write_text("this is { broken\n")
    status = await world.apply("proxy.host/other", **forward(backend, "other.test"))
    assert status.phase is Phase.FAILED
    assert "host-blog.conf" in status.message or "proxy.host/blog" in status.message
    assert await world.fetch("blog.test") == "site /\n", "the old workers go on serving"
    world.hub.resources.look("proxy.server", "web")
    await until(lambda: phase(world, "proxy.server/web") is Phase.DRIFTED)
    status = await world.again("proxy.server/web")
    assert status.phase is Phase.IN_SYNC, status.message
    assert passes(world)
    assert await world.fetch("blog.test") == "site /\n"


async def test_case_12_a_reader_never_sees_half_a_file(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    path = world.bases["web"] / "current" / "http" / "host-blog.conf"
    seen: set[str] = set()
    stop = False

    def read() -> None:
        while not stop:
            seen.add(path.read_text())

    reader = asyncio.create_task(asyncio.to_thread(read))
    for number in range(15):
        headers = {"response": {"X-Number": str(number)}}
        await world.good("proxy.host/blog", **forward(backend, "blog.test", headers=headers))
    stop = True
    await reader
    assert len(seen) > 5
    assert all(text.rstrip().endswith("}") and "blog.test" in text for text in seen)


async def test_case_13_many_files_change_as_one(world: World, start_backend: StartBackend) -> None:
    """Two hosts whose specs belong together are never live in different versions."""
    one, two = await start_backend("one"), await start_backend("two")
    current = world.bases["web"] / "current"
    for backend in (one, two, one):
        for name in ("a", "b"):
            await world.put(f"proxy.host/{name}", **forward(backend, f"{name}.test"))
        await world.settled("proxy.host/a")
        await world.settled("proxy.host/b")
    link = current.readlink()
    assert not link.is_absolute()
    assert current.is_symlink()
    releases = current.parent / "releases"
    for release in releases.iterdir():
        assert (release / ".complete").exists()
    assert len(list(releases.iterdir())) <= 5
    assert {await world.fetch("a.test"), await world.fetch("b.test")} == {"one /\n"}


async def test_case_22_a_name_that_does_not_resolve_stops_nobody(
    world: World, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    spec = forward(backend, "lost.test", forward_host="nowhere.invalid")
    await world.good("proxy.host/lost", **spec)
    assert (await world.get("lost.test")).status == 502
    assert await world.fetch("blog.test") == "site /\n"
    base = world.bases["web"]
    end(base / "run" / "nginx.pid")
    status = await world.again("proxy.server/web")
    assert status.phase is Phase.IN_SYNC, status.message
    wait_for_port(world.ports["web"]["http_port"])
    assert await world.fetch("blog.test") == "site /\n"


async def test_case_23_a_domain_belongs_to_one_host(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test", "www.blog.test"))
    status = await world.apply("proxy.host/thief", **forward(backend, "x.test", "blog.test"))
    assert status.phase is Phase.FAILED
    assert "domain_names" in status.message
    assert "proxy.host/blog" in status.message
    assert await world.fetch("x.test") is None
    status = await world.apply(
        "proxy.redirect/thief",
        domain_names=["www.blog.test"],
        servers=["web"],
        forward_domain_name="evil.test",
        forward_http_code=301,
        forward_scheme="https",
    )
    assert status.phase is Phase.FAILED
    assert "domain_names" in status.message
    assert await world.fetch("www.blog.test") == "site /\n"


async def test_case_23_a_domain_of_somebody_elses_configuration(
    shared: World, backend: Backend, nginx: Nginx
) -> None:
    before = nginx.bytes_of_others()
    status = await shared.apply("proxy.host/mine", **forward(backend, "foreign.test"))
    assert status.phase is Phase.FAILED
    assert "domain_names" in status.message
    assert "foreign.test" in status.message
    assert await shared.fetch("foreign.test") == "foreign\n"
    assert nginx.bytes_of_others() == before


async def test_case_24_a_missing_certificate_is_never_referred_to(
    world: World, backend: Backend, tmp_path: Path
) -> None:
    await world.put("proxy.certificate/later", **unissued("tls.test"))
    spec = forward(backend, "tls.test", certificate_id="later", ssl_forced=True)
    await world.good("proxy.host/tls", **spec)
    assert await world.fetch("tls.test") == "site /\n", "http goes on until there is one"
    assert "ssl_certificate" not in world.files()["http/host-tls.conf"]
    chain, key = self_signed(tmp_path, "tls.test")
    await world.put(
        "proxy.certificate/own",
        domain_names=["tls.test"],
        provider="custom",
        certificate=chain,
        certificate_key=key,
    )
    spec = forward(backend, "tls.test", certificate_id="own", ssl_forced=True)
    await world.good("proxy.host/tls", **spec)
    while (await world.fleet.pairs.record("own")).proved != 1:
        await asyncio.sleep(0.02)
    assert "ssl_certificate" in world.files()["http/host-tls.conf"]
    assert (await world.get("tls.test")).status in {301, 308}
    assert "site" in await over_tls(world, "tls.test")


async def test_case_25_http2_in_the_words_of_this_version(
    world: World, backend: Backend, tmp_path: Path
) -> None:
    chain, key = self_signed(tmp_path, "h2.test")
    await world.put(
        "proxy.certificate/h2",
        domain_names=["h2.test"],
        provider="custom",
        certificate=chain,
        certificate_key=key,
    )
    spec = forward(backend, "h2.test", certificate_id="h2", http2_support=True, http3_support=True)
    await world.good("proxy.host/h2", **spec)
    while (await world.fleet.pairs.record("h2")).proved != 1:
        await asyncio.sleep(0.02)
    assert "ssl_certificate" in world.files()["http/host-h2.conf"]
    version = world.site().seen.features.version  # type: ignore[union-attr]
    text = world.files()["http/host-h2.conf"]
    assert ("http2 on;" in text) is (version >= (1, 25, 1))
    assert (
        await over_tls(world, "h2.test", "--http2", "-o", "/dev/null", "-w", "%{http_version}")
        == "2"
    )


async def test_case_28_a_test_leaves_nothing_behind(
    shared: World, backend: Backend, nginx: Nginx
) -> None:
    before = {path.name for path in nginx.folder.iterdir()}
    pid = (nginx.folder / "nginx.pid").read_text()
    await shared.good("proxy.host/blog", **forward(backend, "blog.test"))
    await shared.apply("proxy.host/blog", **forward(backend, "blog.test", advanced_config=BAD))
    assert {path.name for path in nginx.folder.iterdir()} - before <= {"hub"}
    assert (nginx.folder / "nginx.pid").read_text() == pid
    base = shared.bases["web"]
    left = {str(path.relative_to(base)) for path in base.rglob("*candidate*")}
    assert left == set()
    assert await shared.fetch("foreign.test") == "foreign\n"


# --- words


def phase(world: World, name: str) -> Phase:
    """Return the phase of a resource."""
    kind, _, key = name.partition("/")
    return world.hub.resources.status(kind, key).phase


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    while not condition():
        await asyncio.sleep(0.02)


def passes(world: World, key: str = "web") -> bool:
    """Let nginx test what is live."""
    base = world.bases[key]
    command = ["/usr/sbin/nginx", "-t", "-q", "-p", str(base), "-c", str(base / "nginx.conf")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unissued(*domains: str) -> dict[str, object]:
    """Return the spec of a certificate whose CA can not be reached."""
    return {
        "domain_names": list(domains),
        "provider": "acme",
        "acme": {
            "directory": "https://127.0.0.1:1/dir",
            "email": "me@example.org",
            "challenge": "http-01",
        },
    }


def self_signed(folder: Path, *domains: str) -> tuple[str, str]:
    """Return a certificate and its key, PEM."""
    key, chain = folder / "own.key", folder / "own.pem"
    names = ",".join(f"DNS:{domain}" for domain in domains)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", f"/CN={domains[0]}", "-addext",
         f"subjectAltName={names}", "-keyout", str(key), "-out", str(chain)],
        check=True, capture_output=True,
    )  # fmt: skip
    return chain.read_text(), key.read_text()


async def over_tls(world: World, domain: str, *options: str, server: str = "web") -> str:
    """Ask nginx for a page over TLS with curl."""
    port = world.ports[server]["https_port"]
    command = ["curl", "-s", "-k", "-m", "30", "--resolve", f"{domain}:{port}:127.0.0.1", *options]
    process = await asyncio.create_subprocess_exec(
        *command, f"https://{domain}:{port}/", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode()
