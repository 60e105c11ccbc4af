"""A mosquitto of the hub's own on 127.0.0.1, started, watched, restarted and stopped with it."""

import asyncio
import logging
import os
import re
import secrets
import shutil
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub.config.settings import BrokerSettings
from hub.errors import HubError
from hub.mqtt.brokerfiles import HUB_USER, BrokerFiles
from hub.mqtt.errors import LinkError
from hub.mqtt.link import Link
from hub.resilience import Backoff
from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"
START_TIMEOUT: Final = 5.0
STOP_TIMEOUT: Final = 5.0
_PORTS_TRIED: Final = 20
_SBIN: Final = ("/usr/sbin", "/usr/local/sbin")
_STABLE: Final = 20.0
_STAMP: Final = re.compile(r"^\d+: ")
_IN_USE: Final = "Address already in use"
_PORT_TAKEN: Final = 1
_BAD_CONFIGURATION: Final = 3


class BrokerFailed(HubError):  # noqa: N818 - named for what is reported
    """The supervised broker can not run; the message says what to do."""

    code = "mqtt_broker_failed"


def find_binary(name: str = "mosquitto") -> str | None:
    """Return the path of a program, looking where Debian hides servers from users too."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=os.pathsep.join((path, *_SBIN)))


class Broker:
    """Supervises one broker process."""

    def __init__(
        self, binary: str, folder: Path, port: int, clock: Clock, backoff: Backoff | None = None
    ) -> None:
        """Run `binary` with its files in `folder`, on `port` or the next free one."""
        self.files = BrokerFiles(folder)
        self.port = port
        self.failure: str | None = None
        self.restarts = 0
        self._binary = binary
        self._wanted = port
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._password = ""
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=20)

    @property
    def adopted(self) -> bool:
        """Tell whether a broker of an earlier run is used that can not be stopped from here."""
        return self._process is None and bool(self._password)

    @property
    def running(self) -> bool:
        """Tell whether the process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """Return the process id of the running broker."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def settings(self) -> BrokerSettings:
        """Return how the hub itself logs in; valid after `start`."""
        return BrokerSettings(HOST, self.port, HUB_USER, self._password)

    async def start(self, on_restart: Callable[[], None] = lambda: None) -> None:
        """Start the broker and watch it; raises `BrokerFailed`.

        `on_restart` is called whenever it runs again after a crash.
        """
        await self._launch()
        self._task = asyncio.create_task(self._watch(on_restart), name="mqtt broker")

    async def stop(self) -> None:
        """Let the broker save and end; kill it when that takes longer than 5 s."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._end()
        self.files.pid.unlink(missing_ok=True)

    def add_user(self, name: str, password: str | None = None) -> str:
        """Add an MQTT user at once and return the password, which is not kept in the clear."""
        password = password or secrets.token_urlsafe(24)
        self.files.put_user(name, password)
        self._reload()
        return password

    def remove_user(self, name: str) -> bool:
        """Remove an MQTT user at once; False when there is none of that name."""
        removed = self.files.drop_user(name)
        if removed:
            self._reload()
        return removed

    def _reload(self) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGHUP)

    async def _launch(self) -> None:
        """Start on the first port that works."""
        await self._reap_orphan()
        if await self._adopt():
            return
        for port in range(self._wanted, self._wanted + _PORTS_TRIED):
            if await _listening(port) or not await self._run_on(port):
                continue
            if port != self._wanted:
                _LOGGER.warning(
                    "Port %s is taken by another program, the MQTT broker listens on %s:%s; "
                    "set mqtt: managed_port or name that broker in mqtt: broker",
                    self._wanted,
                    HOST,
                    port,
                )
            return
        last = self._wanted + _PORTS_TRIED - 1
        raise BrokerFailed(
            f"ports {self._wanted} to {last} on {HOST} are taken: set mqtt: managed_port"
        )

    async def _adopt(self) -> bool:
        """Use a broker on the wanted port that knows the hub's own password."""
        if not self.files.secret.exists() or not await _listening(self._wanted):
            return False
        password = self.files.secret.read_text("ascii").strip()
        if not await _accepts(BrokerSettings(HOST, self._wanted, HUB_USER, password)):
            return False
        self._process, self._password, self.port = None, password, self._wanted
        _LOGGER.warning("Using the MQTT broker of an earlier run on %s:%s", HOST, self._wanted)
        return True

    async def _run_on(self, port: int) -> bool:
        """Start on a port; False when it turned out to be taken."""
        self._password = self.files.prepare(port)
        self._lines.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self._command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="mqtt broker log")
        self.files.pid.write_text(f"{self._process.pid} {os.getpid()}\n", "ascii")
        self.port = port
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while self.running and not await _listening(port):  # noqa: ASYNC110 - a foreign port
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self._end()
            raise BrokerFailed(f"{self._binary} did not open port {port} in time") from None
        if self.running:
            self.failure = None
            _LOGGER.info("MQTT broker listens on %s:%s", HOST, port)
            return True
        await asyncio.wait({self._reader}, timeout=1)
        if self._process.returncode == _PORT_TAKEN and any(_IN_USE in x for x in self._lines):
            return False
        raise BrokerFailed(self._obituary())

    def _command(self) -> list[str]:
        """Return the argv: tied to the hub's life, and without root's rights where possible."""
        command = [self._binary, "-c", str(self.files.config)]
        setpriv = find_binary("setpriv")
        if setpriv is None:
            return command
        prefix = [setpriv, "--pdeathsig", "TERM"]
        if (account := self.files.account) is not None:
            prefix += [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
        return [*prefix, *command]

    async def _watch(self, on_restart: Callable[[], None]) -> None:
        while True:
            if self._process is not None:
                since = self._clock.monotonic()
                await self._process.wait()
                if self._clock.monotonic() - since > _STABLE:
                    self._backoff.reset()
            else:
                while await _listening(self.port):
                    await self._clock.sleep(5)
            self.failure = self._obituary()
            delay = self._backoff.next()
            _LOGGER.error("%s; starting it again in %.1f s", self.failure, delay)
            await self._clock.sleep(delay)
            try:
                await self._launch()
            except (BrokerFailed, OSError) as error:
                self.failure = str(error)
                if self._process is not None and self._process.returncode == _BAD_CONFIGURATION:
                    _LOGGER.exception("The MQTT broker refuses its configuration, giving it up")
                    return
                continue
            self.restarts += 1
            on_restart()

    async def _end(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT):
                    await process.wait()
            except TimeoutError:
                _LOGGER.warning("The MQTT broker did not stop in %s s, killing it", STOP_TIMEOUT)
                process.kill()
                await process.wait()
        if self._reader is not None:
            await asyncio.wait({self._reader}, timeout=1)
            self._reader.cancel()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            return
        with suppress(ValueError):
            while line := (await process.stderr.readline()).decode("utf-8", "replace").rstrip():
                line = _STAMP.sub("", line)
                self._lines.append(line)
                level = logging.WARNING if line.startswith("Error") else logging.DEBUG
                _LOGGER.log(level, "mosquitto: %s", line)

    def _obituary(self) -> str:
        code = self._process.returncode if self._process is not None else None
        said = " ".join(line for line in self._lines if line.startswith("Error"))
        return f"The MQTT broker ended with {code}" + (f": {said}" if said else "")

    async def _reap_orphan(self) -> None:
        """Stop the broker that a killed hub left behind, if it is surely ours."""
        pid = self._orphan()
        if pid is None:
            return
        _LOGGER.warning("Stopping the MQTT broker %s that an earlier run left behind", pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                while self._orphan() is not None:  # noqa: ASYNC110 - a foreign process
                    await asyncio.sleep(0.05)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _orphan(self) -> int | None:
        """Return the id of a live broker with our configuration whose hub is gone.

        Raises `BrokerFailed` when that hub still lives: it uses the same data folder.
        """
        try:
            pid, parent = map(int, self.files.pid.read_text("ascii").split())
            process = Path(f"/proc/{pid}")
            command = (process / "cmdline").read_bytes()
            present = int((process / "stat").read_text("ascii").rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            return None
        if os.fsencode(self.files.config) not in command.split(b"\0"):
            return None
        if present == parent != os.getpid():
            raise BrokerFailed(f"another hub (process {parent}) runs with {self.files.folder}")
        return pid


async def _accepts(settings: BrokerSettings) -> bool:
    """Tell whether a broker accepts the hub's own credentials."""
    link = Link(settings, "hub-probe-" + secrets.token_hex(4))
    try:
        await link.open()
    except LinkError:
        return False
    await link.close()
    return True


async def _listening(port: int) -> bool:
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(HOST, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
