"""A site with a server that is only played: what happens at the same moment."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

import pytest

from hub.runner.command import Kind, Outcome
from hub.sdk import HubError, Unavailable
from hub.util.clock import SystemClock
from integrations.proxy.deploying import candidates
from integrations.proxy.deploying import release as releases
from integrations.proxy.deploying.deploy import State
from integrations.proxy.deploying.seen import Drift, Manifest, Seen
from integrations.proxy.deploying.site import Site
from integrations.proxy.deploying.target import Target
from integrations.proxy.errors import RollbackFailed, RolledBack
from integrations.proxy.models import Features, Pair, Part
from integrations.proxy.render.defaults import complete

SERVER = Part("proxy.server/web", 1, {})
SPEC = complete(
    replace(SERVER, spec={"instance": "own", "base": "/srv/hub", "addresses": ["127.0.0.1"]})
)
EMPTY = Seen(
    at=0.0, current=None, served=None, releases=(), partial=(), running=True,
    features=Features((1, 22, 1), frozenset({"http_ssl"})), version_text="", main="", siblings=(),
    nameservers=("127.0.0.1",), error_log="/log", program="1", writable=True, linked=False,
    lock=None, manifest=None, drift=Drift(),
)  # fmt: skip


class Played(Target):
    """A server in memory: what is staged, swapped and served."""

    def __init__(self) -> None:
        super().__init__("web", SPEC, None, SystemClock())  # type: ignore[arg-type]
        self.seen = EMPTY
        self.drift = Drift()
        self.calls: list[str] = []
        self.wait: dict[str, asyncio.Event] = {}
        """What is held up, by verb, until somebody lets it go."""
        self.begun: dict[str, asyncio.Event] = {}
        self.fail: dict[str, HubError] = {}
        self.manifests: dict[str, Manifest] = {}
        self.says: list[str | None] = []
        """What proofs answer, in order; None = proven."""
        self.dropped: list[str | None] = []

    async def _call(self, verb: str) -> None:
        self.calls.append(verb)
        self.begun.setdefault(verb, asyncio.Event()).set()
        if verb in self.wait:
            await self.wait[verb].wait()
        if (error := self.fail.get(verb)) is not None:
            raise error

    async def reached(self, verb: str) -> None:
        async with asyncio.timeout(30):
            await self.begun.setdefault(verb, asyncio.Event()).wait()

    async def look(self, before: Seen | None, *, deep: bool) -> Seen:
        seen = replace(self.seen, at=self._clock.time(), drift=self.drift if deep else None)
        await self._call("look")
        return seen

    async def stage(self, id: str, *_: object, **__: object) -> None:
        await self._call("stage")

    async def test(self) -> Outcome:
        await self._call("test")
        return Outcome(Kind.OK, (), "web")

    async def swap(self, id: str | None, log: str) -> int | None:
        await self._call("swap")
        manifest = None if id is None else self.manifests.get(id)
        self.seen = replace(self.seen, current=id, served=id, manifest=manifest)
        return 0

    async def reload(self) -> None:
        await self._call("reload")

    async def prove(self, id: str, log: str, offset: int | None) -> str | None:
        await self._call("prove")
        return self.says.pop(0) if self.says else None

    async def finish(self, owner: str, keep: int, drop: str | None) -> None:
        await self._call("finish")
        self.dropped.append(drop)


class Around:
    """The house of one site."""

    hub_id = "0123456789abcdef"

    def __init__(self, played: Played) -> None:
        self.clock = SystemClock()
        self.played = played
        self.tasks: list[asyncio.Task[None]] = []

    def target(self, key: str) -> Target:
        return self.played

    async def certificates(self, parts: Mapping[str, Part]) -> Mapping[str, Pair]:
        return {}

    async def with_references(self, parts: Mapping[str, Part]) -> dict[str, Part]:
        return dict(parts)

    def look_again(self, key: str, parts: Any) -> None:
        pass

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.create_task(work, name=name))


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """A server in memory that keeps the manifest of each release that is packed."""
    played = Played()
    pack = releases.pack

    def keep(release: releases.Release, *rest: Any) -> bytes:
        played.manifests[release.id] = release.manifest
        return pack(release, *rest)

    monkeypatch.setattr(releases, "pack", keep)
    return played


@pytest.fixture
def site(played: Played) -> Site:
    return Site("web", Around(played))


def host(name: str, revision: int = 1, port: int = 8080) -> Part:
    spec = {
        "domain_names": [f"{name}.test"], "forward_scheme": "http", "forward_host": "127.0.0.1",
        "forward_port": port, "servers": ["web"],
    }  # fmt: skip
    part = Part(f"proxy.host/{name}", revision, spec)
    return replace(part, spec=complete(part))


class Progress:
    """Somebody who is told."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.lines: list[str] = []
        self.error = error

    def log(self, line: str) -> None:
        self.lines.append(line)

    async def note(self, noted: Mapping[str, Any]) -> None:
        if self.error is not None:
            raise self.error


def bring(site: Site, *parts: Part, **how: Any) -> "asyncio.Task[Any]":
    return asyncio.create_task(site.bring({part.id: part for part in parts}, **how))


async def test_a_deploy_and_what_is_known_then(site: Site, played: Played) -> None:
    done = await bring(site, host("a"))
    assert site.parts is not None
    assert set(site.parts) == {"proxy.host/a", "proxy.server/web"}
    assert site.seen is not None
    assert (site.seen.current, site.outcome) == (done.release, State.DONE)


async def test_a_release_that_nginx_did_not_take_is_not_kept(site: Site, played: Played) -> None:
    """Nobody could go back to it."""
    first = await bring(site, host("a"))
    played.says = ["served nothing"]
    with pytest.raises(RolledBack, match="is served again"):
        await bring(site, host("b"))
    assert played.dropped[-1] not in {None, first.release}
    assert (played.seen.current, site.outcome) == (first.release, State.ROLLED_BACK)
    assert set(await site.known()) == {"proxy.host/a", "proxy.server/web"}


async def test_a_release_that_can_not_be_taken_back_is_told(site: Site, played: Played) -> None:
    await bring(site, host("a"))
    played.says = ["served nothing", "served nothing at all"]
    with pytest.raises(RollbackFailed, match="nothing at all"):
        await bring(site, host("b"))
    assert site.outcome is State.FAILED


async def test_a_look_from_before_a_deploy_is_no_news(site: Site, played: Played) -> None:
    """It was asked before and answered after: what it tells is over."""
    await bring(site, host("a"))
    played.wait["look"] = asyncio.Event()
    played.begun.clear()
    old = asyncio.create_task(site.look())
    await asyncio.sleep(0)
    held = played.wait.pop("look")
    done = await bring(site, host("b"))
    held.set()
    await old
    assert site.seen is not None
    assert site.seen.current == done.release
    assert "proxy.host/b" in (site.parts or {})


async def test_a_listener_that_fails_holds_nothing_up(site: Site, played: Played) -> None:
    def broken() -> None:
        raise RuntimeError("no")

    heard = []
    site.listen(broken)
    site.listen(lambda: heard.append(site.state))
    await bring(site, host("a"))
    assert "finish" in played.calls
    assert State.PROVING in heard


async def test_who_went_away_spoils_nothing_for_the_others(site: Site, played: Played) -> None:
    """Two share a deploy, and the journal of one can not be written any more."""
    played.wait["look"] = asyncio.Event()
    gone, other = Progress(HubError("the job has ended")), Progress()
    one = bring(site, host("a"), listening=gone, note=gone.note)
    await asyncio.sleep(0)
    two = bring(site, host("b"), listening=other, note=other.note)
    await asyncio.sleep(0)
    played.wait.pop("look").set()
    with pytest.raises(HubError, match="the job has ended"):
        await one
    assert (await two).release == played.seen.current
    assert "proxy.host/b" in (site.parts or {})


async def test_a_request_that_is_cancelled_while_it_waits_is_not_deployed(
    site: Site, played: Played
) -> None:
    played.wait["stage"] = asyncio.Event()
    one = bring(site, host("a"))
    await played.reached("stage")
    two, three = bring(site, host("b")), bring(site, host("c"))
    await asyncio.sleep(0)
    two.cancel()
    played.wait.pop("stage").set()
    await asyncio.gather(one, three)
    assert set(site.parts or {}) == {"proxy.host/a", "proxy.host/c", "proxy.server/web"}


async def test_a_request_that_is_cancelled_in_the_middle_ends_well(
    site: Site, played: Played
) -> None:
    played.wait["prove"] = asyncio.Event()
    one, two = bring(site, host("a")), bring(site, host("b"))
    await played.reached("prove")
    one.cancel()
    played.wait.pop("prove").set()
    await two
    assert {"proxy.host/a", "proxy.host/b"} <= set(site.parts or {})


async def test_the_end_of_the_hub_answers_everybody(site: Site, played: Played) -> None:
    played.wait["prove"] = asyncio.Event()
    one = bring(site, host("a"))
    await played.reached("prove")
    two = bring(site, host("b"))
    await asyncio.sleep(0)
    around: Any = site._house
    around.tasks[0].cancel()
    for task in (one, two):
        with pytest.raises(Unavailable, match="stopping"):
            await asyncio.wait_for(task, 30)
    assert site.state is State.IDLE


async def test_after_a_look_that_failed_nobody_believes_the_old_one(
    site: Site, played: Played
) -> None:
    await bring(site, host("a"))
    assert set(await site.known()) == {"proxy.host/a", "proxy.server/web"}
    played.fail["look"] = Unavailable("away")
    with pytest.raises(Unavailable, match="away"):
        await site.look()
    with pytest.raises(Unavailable, match="away"):
        await site.known()
    del played.fail["look"]
    assert set(await site.known()) == {"proxy.host/a", "proxy.server/web"}


async def test_those_who_ask_at_once_get_one_look(site: Site, played: Played) -> None:
    played.wait["look"] = asyncio.Event()
    asking = [asyncio.create_task(site.look()) for _ in range(5)]
    await asyncio.sleep(0)
    deep = asyncio.create_task(site.look(deep=True))
    await asyncio.sleep(0)
    asking[3].cancel()
    played.wait.pop("look").set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert played.calls == ["look", "look"]
    assert sum(isinstance(one, Seen) for one in found) == 4
    assert (await deep).drift is not None


async def test_who_looks_first_and_goes_takes_nobody_along(site: Site, played: Played) -> None:
    played.wait["look"] = asyncio.Event()
    first, second = asyncio.create_task(site.look()), None
    await asyncio.sleep(0)
    second = asyncio.create_task(site.look())
    await asyncio.sleep(0)
    first.cancel()
    played.wait.pop("look").set()
    assert (await second).current is None


async def test_what_is_served_already_is_not_deployed(site: Site, played: Played) -> None:
    await bring(site, host("a"))
    played.calls.clear()
    await bring(site, host("a"))
    assert played.calls == ["look"]


async def test_what_is_served_and_missing_on_the_disk_is_deployed(
    site: Site, played: Played
) -> None:
    await bring(site, host("a"))
    played.calls.clear()
    played.drift = Drift(missing=("http/host-a.conf",))
    await bring(site, host("a"))
    assert "prove" in played.calls


async def test_a_dry_run_that_fails_is_no_failed_deploy(site: Site, played: Played) -> None:
    await bring(site, host("a"))
    played.fail["look"] = Unavailable("away")
    with pytest.raises(Unavailable):
        await site.rehearse({"proxy.host/a": host("a", 2, 81)})
    assert site.outcome is State.DONE


def test_what_nothing_refers_to_goes_along() -> None:
    """An access list that is asked for by a location alone stays."""
    names = ("proxy.access_list/a", "proxy.access_list/b", "proxy.certificate/c")
    parts = {name: Part(name, 1, {}) for name in names}
    user = host("blog")
    places = [{"path": "/x", "access_list_id": "b"}]
    used = replace(user, spec={**user.spec, "certificate_id": "c", "locations": places})
    assert set(candidates.pruned({**parts, user.id: used})) == {names[1], names[2], user.id}
    assert set(candidates.pruned({**parts, user.id: user})) == {user.id}


async def test_a_number_is_never_given_twice(site: Site, played: Played) -> None:
    """Whatever lies there, whole or cut off, newer or older than what is served."""
    played.seen = replace(
        EMPTY, releases=("r000003-00000000",), partial=("r000009-00000000", "r000002-00000000")
    )
    assert (await bring(site, host("a"))).release.startswith("r000010-")
