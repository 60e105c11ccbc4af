"""What a runner is, and what both kinds of runners do around every command."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from hub.errors import HubError, NotSupported
from hub.runner.allow import Commands, allow, looks_of, script
from hub.runner.command import Outcome, checked
from hub.runner.errors import CommandNotAllowed
from hub.runner.redact import Redactor
from hub.runner.transcripts import Tell, Transcripts, audited, written

if TYPE_CHECKING:
    from hub.events import Context
    from hub.runner.facts import Facts
    from hub.runner.sudo import Rights
    from hub.util.clock import Clock

MAX_OUTPUT: Final = 8 << 20
MAX_FILE: Final = 16 << 20
FILE_SECONDS: Final = 60.0


class Runner(Protocol):
    """Runs argument lists on one host; the same here and over SSH."""

    @property
    def target(self) -> str:
        """Return what the host is called: `local` or `host.server/<key>`."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - the command's, and it holds on the host
        sudo: bool = False,
        max_output: int = MAX_OUTPUT,
        context: "Context | None" = None,
        secrets: Collection[str] = (),
    ) -> Outcome:
        """Run a program that the integration may run; `timeout` in seconds.

        A program that fails is an outcome (`check()` raises); what keeps it from being run raises
        a `HubError`. `secrets` are masked in transcripts and refused in arguments.
        """

    async def script(
        self,
        name: str,
        arguments: Sequence[str] = (),
        *,
        stdin: bytes | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109
        sudo: bool = False,
        max_output: int = MAX_OUTPUT,
        context: "Context | None" = None,
        secrets: Collection[str] = (),
    ) -> Outcome:
        """Run `remote/<name>.sh` of the integration with sh: many steps in one round trip.

        The script is a constant that the manifest lists under `scripts`; data comes as
        `arguments` (`$1` and so on) and on standard input. Otherwise as `run`.
        """

    async def upload(
        self,
        path: str,
        data: bytes,
        *,
        mode: int = 0o600,
        sudo: bool = False,
        timeout: float = FILE_SECONDS,  # noqa: ASYNC109
        context: "Context | None" = None,
    ) -> None:
        """Replace a file as a whole: readers see the old or the new one, never a part."""

    async def read(
        self,
        path: str,
        *,
        limit: int = MAX_FILE,
        sudo: bool = False,
        timeout: float = FILE_SECONDS,  # noqa: ASYNC109
        context: "Context | None" = None,
    ) -> bytes:
        """Return a file; raises `NotFound`, `AccessDenied` or `TooLarge`."""

    async def rights(self) -> "Rights":
        """Tell what sudo lets the user do; raises `SudoRefused` when it is nothing."""

    async def facts(self) -> "Facts":
        """Ask the host what it is."""

    async def close(self) -> None:
        """Let go of what belongs to this runner alone; it may still be used."""


class Records:
    """Lets an integration's commands pass or not, and writes down what was run."""

    def __init__(
        self,
        target: str,
        integration: str,
        *,
        commands: Commands,
        transcripts: Transcripts,
        tell: Tell,
        clock: "Clock",
    ) -> None:
        """Write for one integration on one host."""
        self.target = target
        self.integration = integration
        self._commands = commands
        self._transcripts = transcripts
        self._tell = tell
        self._clock = clock

    def admit(
        self, argv: Sequence[str], redactor: Redactor, context: "Context | None"
    ) -> tuple[str, ...]:
        """Return the command if it may run; a refusal is audited and raised."""
        try:
            command = checked(argv)
            allow(command, self.integration, self._commands)
            self._without_secrets(command, redactor)
        except CommandNotAllowed as error:
            self._refused(argv, error, redactor, context)
            raise
        return command

    def _without_secrets(self, command: Sequence[str], redactor: Redactor) -> None:
        if not redactor.found_in("\n".join(command)):
            return
        for index, argument in enumerate(command):
            if redactor.found_in(argument):
                raise CommandNotAllowed(
                    f"argument {index} holds a secret, which every user of the host could"
                    " read; give it on standard input"
                )

    def _refused(
        self,
        argv: Sequence[str],
        error: CommandNotAllowed,
        redactor: Redactor,
        context: "Context | None",
    ) -> None:
        shown = [redactor(str(argument))[:200] for argument in list(argv)[:50]]
        data = {"argv": shown, "integration": self.integration, "error": error.code}
        self._tell("host.run", self.target, "denied", context, data)

    def script(
        self,
        name: str,
        arguments: Sequence[str],
        redactor: Redactor,
        context: "Context | None",
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the command of a script, and how it is written down."""
        shown = (f"{self.integration}/{name}.sh", *arguments)
        try:
            text = script(self.integration, name)
            self._without_secrets(shown, redactor)
            return checked(["sh", "-c", text, f"hub-{name}", *arguments]), shown
        except CommandNotAllowed as error:
            self._refused(shown, error, redactor, context)
            raise

    def ran(
        self, outcome: Outcome, redactor: Redactor, context: "Context | None", *, sudo: bool
    ) -> None:
        """Keep the transcript of a command and tell the audit log of it.

        Looks that the house itself makes all day are told only when they fail: fifty servers
        would fill both with 70,000 lines a day in which nobody finds what was changed.
        """
        if outcome.ok and self._is_routine(outcome.argv, context):
            return
        transcript = written(
            outcome,
            at=self._clock.time(),
            target=self.target,
            integration=self.integration,
            sudo=sudo,
            redactor=redactor,
            context=context,
        )
        self._transcripts.add(transcript)
        result = "ok" if outcome.ok else "failed"
        self._tell("host.run", self.target, result, context, audited(transcript))

    def _is_routine(self, argv: Sequence[str], context: "Context | None") -> bool:
        if context is not None and context.user_id is not None:
            return False
        place, _, name = argv[0].partition("/")
        return place == self.integration and name.removesuffix(".sh") in looks_of(place)

    def failed(
        self,
        argv: Sequence[str],
        error: HubError,
        redactor: Redactor,
        context: "Context | None",
    ) -> None:
        """Tell the audit log of a command that could not be run."""
        data = {
            "argv": [redactor(argument)[:200] for argument in argv[:50]],
            "integration": self.integration,
            "error": error.code,
        }
        self._tell("host.run", self.target, "failed", context, data)

    def file(
        self,
        action: str,
        path: str,
        context: "Context | None",
        *,
        size: int | None = None,
        error: HubError | None = None,
    ) -> None:
        """Tell the audit log of a file that was read (`host.read`) or written (`host.upload`)."""
        data: dict[str, object] = {"path": path[:1000], "integration": self.integration}
        if size is not None:
            data["bytes"] = size
        if error is not None:
            data["error"] = error.code
        self._tell(action, self.target, "ok" if error is None else "failed", context, data)


def file_path(path: str) -> str:
    """Accept an absolute path that names exactly one file; raises `NotSupported`."""
    parts = path.split("/")
    if not path.startswith("/") or path.endswith("/") or ".." in parts or "." in parts:
        raise NotSupported(f"{path!r}: a file is named by an absolute path without '..'")
    if any(char in path for char in "\0\r\n"):
        raise NotSupported("the path holds NUL or a line break")
    return path
