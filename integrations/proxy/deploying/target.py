"""One server's nginx through a runner: each verb is one round trip, each failure a typed error."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from hub.sdk import (
    AccessDenied,
    CommandFailed,
    Context,
    DiskFull,
    Outcome,
    OutcomeKind,
    Rights,
    SudoRefused,
    Unavailable,
)
from integrations.proxy.deploying import features, seen
from integrations.proxy.deploying.seen import Seen
from integrations.proxy.errors import Busy, NotOurs
from integrations.proxy.models import Features, Spec

if TYPE_CHECKING:
    from hub.sdk import Clock, Runner

LOOK_SECONDS: Final = 20.0
STAGE_SECONDS: Final = 120.0
TEST_SECONDS: Final = 60.0
PROVE_SECONDS: Final = 6
"""nginx tries a port that is taken five times in 2.5 s before it gives up without a word."""
LARGEST_LOOK: Final = 32 << 20
"""Bytes that a look may tell: a manifest, and the sums of all files."""
STALE_SECONDS: Final = 900
"""The age at which the lock of another hub is taken over."""


class NoNginx(Unavailable):
    """There is no nginx at the place that the resource names."""

    code = "no_nginx"


class NoProgram(Unavailable):
    """A program that a deploy needs is not there; it may be installed any moment."""

    code = "no_program"


class Target:
    """The verbs of a deploy on one server; knows nothing of when and why."""

    def __init__(self, key: str, spec: Spec, runner: "Runner", clock: "Clock") -> None:
        """Work on the nginx that `spec` (of a `proxy.server`) describes."""
        self.key = key
        self.spec = spec
        self.runner = runner
        self.context: Context | None = None
        """Who is written into the audit log."""
        self._clock = clock
        self._rights: Rights | None = None

    @property
    def own(self) -> bool:
        """Tell whether the hub runs this nginx by itself."""
        return bool(self.spec["instance"] == "own")

    @property
    def base(self) -> str:
        """Return the hub's folder on the server."""
        return str(self.spec["base"])

    @property
    def main(self) -> str:
        """Return the main configuration file."""
        return f"{self.base}/nginx.conf" if self.own else str(self.spec["main_config"])

    @property
    def drop_ins(self) -> tuple[str, str]:
        """Return the hub's two files outside its folder; none for an instance of its own."""
        return ("", "") if self.own else (self.spec["drop_in"], self.spec["stream_drop_in"])

    async def rights(self) -> Rights | None:
        """Tell how far the user gets; None = no root at all, which may be enough."""
        try:
            self._rights = await self.runner.rights()
        except SudoRefused:
            if not self.own:
                raise
            self._rights = None
        return self._rights

    async def script(
        self,
        name: str,
        arguments: Sequence[str] = (),
        *,
        stdin: bytes | None = None,
        timeout: float = LOOK_SECONDS,  # noqa: ASYNC109 - it holds on the server
        max_output: int = 8 << 20,
    ) -> Outcome:
        """Run a script of this integration with the rights that files need."""
        await self.rights()
        return await self.runner.script(
            name,
            [str(argument) for argument in arguments],
            stdin=stdin,
            timeout=timeout,
            sudo=self._rights in {Rights.ALL, Rights.ROOT},
            context=self.context,
            max_output=max_output,
        )

    async def nginx(self, arguments: Sequence[str], seconds: float = TEST_SECONDS) -> Outcome:
        """Run nginx itself."""
        return await self.runner.run(
            [self.spec["nginx"], *arguments],
            timeout=seconds,
            sudo=self._rights is not None,
            context=self.context,
        )

    async def look(self, before: Seen | None, *, deep: bool) -> Seen:
        """Tell how things stand; `deep` compares every file with the manifest.

        What the look `before` found is not asked for again.
        """
        manifest = None if before is None else before.manifest
        mark = f"@hub:{secrets.token_hex(8)}"
        port = str(self.spec["status_port"])
        first, second = self.spec["drop_in"], self.spec["stream_drop_in"]
        arguments = [mark, self.base, self.spec["nginx"], port, self.main, first, second]
        arguments += ["1" if deep else "0", "-" if manifest is None else manifest.release]
        arguments.append("" if before is None else before.program)
        outcome = await self.script("look", arguments, max_output=LARGEST_LOOK)
        outcome.check()
        outside = [path for path in self.drop_ins if path]
        return seen.read(outcome.stdout, mark, self._clock.time(), before, _features, outside)

    async def stage(
        self, id: str, owner: str, data: bytes, *, size: int, base_of: str | None, worker: str
    ) -> None:
        """Upload a release beside the others and take the lock.

        Raises `DiskFull`, `Busy`, `AccessDenied`, `NotOurs`, `NoProgram`, and `CommandFailed` when
        it came damaged.
        """
        need = str(3 * size // 1024 + 64)
        arguments = [self.base, id, owner, need, base_of or "-", str(STALE_SECONDS), worker]
        arguments.append("-" if self.own else self.main.rpartition("/")[0])
        outcome = await self.script("stage", arguments, stdin=data, timeout=STAGE_SECONDS)
        said = _last(outcome)
        match outcome.status if outcome.kind is OutcomeKind.EXIT else None:
            case 69:
                raise NoProgram(f"proxy.server/{self.key}: {said}")
            case 70:
                raise NotOurs(f"proxy.server/{self.key}: base: {said}")
            case 73:
                raise self._busy(said)
            case 74:
                raise DiskFull(f"proxy.server/{self.key}: the disk is full: {said}")
            case 76:
                raise AccessDenied(f"proxy.server/{self.key}: base: {said}; see its rights")
            case _:
                pass
        outcome.check()

    async def lock(self, owner: str) -> None:
        """Take the lock for a deploy that uploads nothing; raises `Busy`, `AccessDenied`."""
        outcome = await self.script("lock", [self.base, owner, str(STALE_SECONDS)])
        if outcome.kind is OutcomeKind.EXIT and outcome.status == 73:
            raise self._busy(_last(outcome))
        if outcome.kind is OutcomeKind.EXIT and outcome.status == 76:
            raise AccessDenied(f"proxy.server/{self.key}: base: {_last(outcome)}; see its rights")
        outcome.check()

    def _busy(self, said: str) -> Busy:
        age, _, who = said.partition(" ")
        return Busy(
            f"proxy.server/{self.key}: {who.partition(' ')[0]} deploys there since {age} s;"
            " waiting until it is done"
        )

    async def test(self) -> Outcome:
        """Let nginx read the candidate; its words are in `error_text`."""
        await self.rights()
        # a distribution's relative paths, such as those of modules, are below a prefix of its own
        prefix = ["-p", self.base] if self.own else []
        return await self.nginx(
            ["-t", "-q", *prefix, "-c", f"{self.base}/candidate.d/candidate.conf"]
        )

    async def swap(self, id: str | None, log: str) -> int | None:
        """Make a release the current one; None = the hub's files leave nginx.

        Returns the size of nginx's error log `log` in bytes; None = not known.
        """
        outcome = await self.script("swap", [self.base, id or "-", *self.drop_ins, log])
        if outcome.kind is OutcomeKind.EXIT and outcome.status == 70:
            raise NotOurs(f"proxy.server/{self.key}: {_last(outcome)}")
        text = outcome.check().text.strip()
        return int(text) if text.isdigit() else None

    async def reload(self) -> None:
        """Tell nginx to read its configuration; success says only that it was told."""
        outcome = await self._told(("-s", "reload"), "reload")
        outcome.check()

    async def start(self) -> None:
        """Start the hub's own instance; raises `CommandFailed` with nginx's first reason."""
        outcome = await self.nginx(["-p", self.base, "-c", self.main])
        if outcome.kind is OutcomeKind.EXIT and "[emerg]" in outcome.error_text:
            reason = outcome.error_text.partition("[emerg] ")[2].splitlines()[0]
            raise CommandFailed(f"nginx does not start: {reason[:300]}")
        outcome.check()

    async def quit(self) -> None:
        """End the hub's own instance when its requests are done."""
        await self.nginx(["-p", self.base, "-c", self.main, "-s", "quit"])

    async def reopen(self) -> None:
        """Let nginx open its logs anew."""
        outcome = await self.nginx([*self._which(), "-s", "reopen"])
        outcome.check()

    async def prove(self, id: str, log: str, offset: int | None) -> str | None:
        """Wait until nginx serves a release; None = it does, else what it said instead."""
        port = str(self.spec["status_port"])
        start = "" if offset is None else str(offset)
        arguments = [port, id, str(PROVE_SECONDS), log, start, self.base]
        outcome = await self.script("prove", arguments, timeout=PROVE_SECONDS + 10)
        if outcome.ok:
            return None
        if outcome.kind is not OutcomeKind.EXIT or outcome.status != 1:
            outcome.check()
        return outcome.text

    async def finish(self, owner: str, keep: int, drop: str | None) -> None:
        """Clean up and give the lock back."""
        outcome = await self.script("finish", [self.base, str(keep), owner, drop or "-"])
        outcome.check()

    async def read(self, path: str) -> bytes:
        """Return a small file of the hub's folder."""
        await self.rights()
        root = self._rights in {Rights.ALL, Rights.ROOT}
        return await self.runner.read(path, limit=1 << 20, sudo=root, context=self.context)

    async def remove(self) -> None:
        """Take the hub's folder off the server; nginx must not read it any more."""
        (await self.script("remove", [self.base])).check()

    async def _told(self, arguments: tuple[str, ...], verb: str) -> Outcome:
        how = self.spec["reload"]
        await self.rights()
        if self.own or how["method"] == "signal":
            return await self.nginx([*self._which(), *arguments])
        command = {
            "systemd": ["systemctl", verb, how["unit"]],
            "service": ["service", how["unit"], verb],
            "openrc": ["rc-service", how["unit"], verb],
        }[how["method"]]
        return await self.runner.run(command, timeout=TEST_SECONDS, sudo=True, context=self.context)

    def _which(self) -> list[str]:
        """Return how nginx finds the instance that is meant."""
        if self.own:
            return ["-p", self.base, "-c", self.main]
        usual = self.spec["main_config"] == "/etc/nginx/nginx.conf"
        return [] if usual else ["-c", self.spec["main_config"]]


def _features(version: str, modules: str) -> Features | None:
    try:
        return features.read(version, modules)
    except ValueError:
        return None


def _last(outcome: Outcome) -> str:
    lines = [line.strip() for line in outcome.error_text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else f"status {outcome.status}"


def nowhere(key: str, spec: Spec, said: str) -> CommandFailed | NoNginx:
    """Say that there is no nginx, in words that tell what to do."""
    why = said.strip().splitlines()[0][:200] if said.strip() else "no answer"
    return NoNginx(
        f"proxy.server/{key}: nginx: {spec['nginx']} is not there ({why});"
        " install nginx, or name the right program"
    )
