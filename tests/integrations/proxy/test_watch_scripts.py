"""The scripts of watching against a real logged, here and over a real sshd."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.runner import Runner, Runners, allow
from hub.util.clock import SystemClock
from hub.util.packages import script
from hub.util.tasks import Tasks
from integrations.proxy.watch.answer import Look, read, replies
from integrations.proxy.watch.log import Place, follow
from tests.hub.runner.conftest import server_of
from tests.peers.logged import Logged
from tests.peers.ports import free_port_number

MARK = "@hub:0123456789abcdef"


@pytest.fixture
async def runners() -> AsyncIterator[Runners]:
    tasks = Tasks()
    made = Runners(SystemClock(), tasks)
    yield made
    await made.close()
    await tasks.close()


@pytest.fixture(params=["local", "ssh"])
def runner(request: pytest.FixtureRequest, runners: Runners) -> Runner:
    allow.script.cache_clear()
    if request.param == "local":
        return runners.local("proxy")
    runners.put(server_of(request.getfixturevalue("sshd")))
    return runners.host("web", "proxy")


async def look(
    runner: Runner, logged: Logged, place: Place | None, *, limit: int = 4096, rotate: int = 0
) -> Look:
    inode, offset = ("-", 0) if place is None else (place.inode, place.offset)
    words = [MARK, logged.base, logged.status, inode, offset, limit, rotate]
    outcome = await runner.script("watch", [str(word) for word in words])
    found = read(outcome.check().stdout, MARK)
    assert found is not None
    return found


async def test_one_round_trip_tells_everything(runner: Runner, logged: Logged) -> None:
    logged.get()
    first = await look(runner, logged, None)
    assert first.served == "r000001-0a0b0c0d"
    assert first.stub is not None
    assert first.stub.active >= 1
    assert first.ticks is not None
    assert 0 < (first.memory or 0) < 100
    assert 0 < (first.disk or 0) <= 100
    place = follow(None, first.pieces).place
    assert place.offset == logged.log.stat().st_size > 0

    logged.get(times=3)
    logged.get("/missing")
    logged.get("/away")
    second = await look(runner, logged, place)
    tally = follow(place, second.pieces).tally
    blog = tally.hosts["proxy.host/blog"]
    assert (blog.classes, blog.upstream_errors) == ({2: 3, 4: 1, 5: 1}, 1)
    assert tally.rubbish == 0
    assert second.stub is not None
    assert second.stub.requests - first.stub.requests == 7, "five of visitors, two of the look"


async def test_visitors_can_not_pretend_to_be_a_section(runner: Runner, logged: Logged) -> None:
    first = await look(runner, logged, None)
    place = follow(None, first.pieces).place
    with logged.log.open("ab") as log:
        log.write(b"\n@hub:fedcba9876543210 status\nActive connections: 9\n\x00\xff\n")
    logged.get("/?%0a@hub:x%20stat")
    found = await look(runner, logged, place)
    tally = follow(place, found.pieces).tally
    assert found.stub is not None
    assert found.stub.active < 9
    assert tally.hosts["proxy.host/blog"].requests == 1
    assert tally.rubbish == 3


async def test_no_more_than_asked_for_is_brought(runner: Runner, logged: Logged) -> None:
    place = follow(None, (await look(runner, logged, None)).pieces).place
    logged.get(times=100)
    found = await look(runner, logged, place, limit=2000)
    assert [len(piece.data) for piece in found.pieces] == [2000]
    following = follow(place, found.pieces, 2000)
    assert following.place.offset == logged.log.stat().st_size
    assert following.tally.skipped == logged.log.stat().st_size - place.offset - 2000
    assert following.tally.rubbish == 0


async def test_no_line_is_lost_when_the_log_is_rotated(runner: Runner, logged: Logged) -> None:
    if runner.target != "local":
        logged.log.parent.chmod(0o777)  # the account's own in real life
    logged.get()
    place = follow(None, (await look(runner, logged, None)).pieces).place
    seen = 0
    logged.get(times=20)
    found = await look(runner, logged, place, rotate=1000)
    assert found.rotated
    following = follow(place, found.pieces)
    seen += following.tally.lines
    logged.get(times=2)
    assert not logged.log.exists(), "nginx still writes into the file that was moved away"
    found = await look(runner, logged, following.place, rotate=1000)
    assert found.rotated, "nginx has to be told again"
    following = follow(following.place, found.pieces)
    seen += following.tally.lines
    logged.get(times=3)
    logged.tell("-s reopen")
    for _ in range(200):
        logged.get()
        seen -= 1
        if logged.log.exists() and logged.log.stat().st_size:
            break
        await asyncio.sleep(0.01)
    found = await look(runner, logged, following.place, rotate=100_000)
    assert not found.rotated
    assert len(found.pieces) == 2
    following = follow(following.place, found.pieces)
    assert seen + following.tally.lines == 20 + 2 + 3
    assert following.place == Place(logged.log.stat().st_ino, logged.log.stat().st_size)


async def test_an_older_log_of_somebody_else_is_not_read(runners: Runners, logged: Logged) -> None:
    local = runners.local("proxy")
    old = logged.log.with_name("access.json.1")
    old.write_text('{"h":"proxy.host/blog","s":"200"}\n' * 5)
    logged.get()
    elsewhere = Place(old.stat().st_ino + logged.log.stat().st_ino, 0)
    found = await look(local, logged, elsewhere)
    assert [piece.inode for piece in found.pieces] == [logged.log.stat().st_ino]
    logged.log.unlink()
    found = await look(local, logged, elsewhere)
    assert (found.pieces, found.rotated) == ((), False)


async def test_a_server_without_log_and_nginx_tells_the_rest(
    runner: Runner, logged: Logged, tmp_path: Path
) -> None:
    logged.log.unlink()
    logged.status = free_port_number()
    found = await look(runner, logged, None)
    assert (found.served, found.stub, found.pieces) == (None, None, ())
    assert found.memory is not None


async def test_a_look_that_was_cut_off_is_nothing(runner: Runner, logged: Logged) -> None:
    words = [MARK, str(logged.base), str(logged.status), "-", "0", "4096", "0"]
    outcome = await runner.script("watch", words)
    assert read(outcome.stdout[:-5], MARK) is None
    assert read(b"", MARK) is None
    assert read(outcome.stdout, "@hub:other") is None


async def probe(
    runner: Runner, *upstreams: tuple[str, str, str], seconds: str = "30", where: str = "-"
) -> Any:
    words = [
        word for url, host, verify in upstreams for word in (url, where, host, verify, seconds)
    ]
    outcome = await runner.script("probe", [MARK, *words])
    found = replies(outcome.check().stdout, MARK)
    assert found is not None
    return found


async def test_upstreams_are_asked_side_by_side(runner: Runner, logged: Logged) -> None:
    ok = f"http://127.0.0.1:{logged.port}/"
    found = await probe(
        runner,
        (ok, "-", "1"),
        (f"http://127.0.0.1:{logged.port}/missing", "a.test", "1"),
        (f"http://127.0.0.1:{logged.closed}/", "-", "1"),
        (f"https://127.0.0.1:{logged.port}/", "-", "0"),
        ("http://no-such-name.invalid/", "-", "1"),
        *[(ok, "-", "1")] * 20,
    )
    assert len(found) == 25
    assert [found[number].status for number in range(5)] == [200, 404, None, None, None]
    assert [found[number].error for number in (0, 2, 3, 4)] == [
        None, "refused", "tls_failed", "name_not_found",
    ]  # fmt: skip
    assert 0 < found[0].seconds < 30
    assert all(found[number].status == 200 for number in range(5, 25))


async def test_the_name_and_the_address_may_differ(runners: Runners, logged: Logged) -> None:
    found = await probe(
        runners.local("proxy"),
        (f"http://app.internal:{logged.closed}/missing", "app.internal", "1"),
        where=f"127.0.0.1:{logged.port}",
    )
    assert found[0].status == 404


async def test_an_upstream_that_is_silent_ends_in_time(runner: Runner) -> None:
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _r, w: held.append(w), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    found = await probe(runner, (f"http://127.0.0.1:{port}/", "-", "1"), seconds="1")
    assert found[0].error == "timed_out"
    assert found[0].seconds >= 1
    for writer in held:
        writer.close()
    silent.close()


async def test_a_url_is_data(runner: Runner, logged: Logged, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    found = await probe(
        runner,
        (f"http://127.0.0.1:{logged.port}/$(touch${{IFS}}{witness})", "-", "1"),
        (f"http://127.0.0.1:{logged.port}/`touch {witness}`;x", "a b';touch x", "1"),
        (f"file://{logged.base}/logged.conf", "-", "1"),
        (f"-o{witness}", "-", "1"),
        (f"http://127.0.0.1:{logged.port}/[1-3]", "-", "1"),
    )
    assert found[0].status == 200
    assert found[2].error == "curl_1", "no other protocols"
    assert found[4].status == 200
    assert not witness.exists()
    assert (await probe(runner)) == {}


async def test_purging_deletes_files_of_one_host_only(runner: Runner, logged: Logged) -> None:
    cache = logged.base / "cache"
    for name in ("blog/a/b1", "blog/c/d2", "blog-2/a/b3"):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_text("cached")
    (cache / "blog" / "link").symlink_to(cache / "blog-2")
    for folder in [cache, *cache.rglob("*")]:
        if folder.is_dir():
            folder.chmod(0o777)
    outcome = await runner.script("purge", [str(logged.base), "blog"])
    assert outcome.check().text == "2\n"
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["b3"]
    assert (cache / "blog" / "a").is_dir(), "nginx goes on using its folders"
    again = await runner.script("purge", [str(logged.base), "blog"])
    assert again.check().text == "0\n"
    assert (await runner.script("purge", [str(logged.base), "never"])).check().text == "0\n"


@pytest.mark.parametrize(
    "key", ["", "..", ".", "../log", "a/b", "/", "-rf", "a b", "$(id)", "*", "Ä"]
)
async def test_purging_refuses_what_is_no_key(runners: Runners, logged: Logged, key: str) -> None:
    outcome = await runners.local("proxy").script("purge", [str(logged.base), key])
    assert outcome.status in ({0} if key == "-rf" else {70})
    assert logged.log.exists()


async def test_purging_follows_no_link(runners: Runners, logged: Logged, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    (logged.base / "cache" / "blog").symlink_to(tmp_path)
    outcome = await runners.local("proxy").script("purge", [str(logged.base), "blog"])
    assert outcome.status == 70
    (logged.base / "cache" / "blog").unlink()
    (logged.base / "cache").rmdir()
    (logged.base / "cache").symlink_to(tmp_path.parent)
    outcome = await runners.local("proxy").script(
        "purge", [str(logged.base), tmp_path.name.lower()]
    )
    assert outcome.status == 70
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("name", ["watch", "probe", "purge"])
def test_scripts_are_plain_sh(name: str) -> None:
    for shell in ("dash", "bash"):
        subprocess.run([shell, "-n", "-c", script("proxy", name)], check=True)
    assert "<<" not in script("proxy", name)
