"""The checks of `hub doctor`: each yields findings and changes nothing."""

import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from hub.cli.client import Client
from hub.cli.errors import CliError
from hub.cli.find import DATA, SOCKET, find, load_login, login_file
from hub.const import VERSION

FREE_FAIL: Final = 100 << 20
FREE_WARN: Final = 1 << 30
CLOCK_WARN: Final = 30.0
EARLIEST: Final = 1_767_225_600
"""2026-01-01: before that this program did not exist."""


class Finding(NamedTuple):
    """One line of the report."""

    level: str
    """`ok`, `warn` or `fail`."""
    name: str
    message: str
    hint: str = ""


class Patient:
    """What is examined: a configuration, a data folder and the hub that answers."""

    def __init__(self, config: Path, data: Path | None) -> None:
        """Examine these folders; without `data` the one that commands would use."""
        self.config = config
        self.named = data
        self.data = data or Path(os.environ.get("HUB_DATA") or DATA)

    @cached_property
    def settings(self) -> Any:
        """Return the settings; raises `ConfigError`."""
        from hub.config import load

        return load(self.config)

    @cached_property
    def client(self) -> Client:
        """Return the client of the hub that commands would ask; raises `CliError`."""
        return Client(self.named)

    @cached_property
    def told(self) -> dict[str, Any] | CliError:
        """Return what the hub says of itself, or why it says nothing."""
        try:
            found: dict[str, Any] = self.client.request("GET", "/api/config", seconds=5).json()
        except CliError as error:
            return error
        return found

    @property
    def runs(self) -> bool:
        """Tell whether a hub has the data folder: it holds the lock."""
        import fcntl

        try:
            handle = os.open(self.data / "hub.lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False


Check = Callable[[Patient], Iterator[Finding]]


def checks() -> list[Check]:
    """Return the checks in the order of the report."""
    return [config, folder, keys, database, disk, clock, port, login, hub, health, page]


def config(patient: Patient) -> Iterator[Finding]:
    """Check hub.yaml and all it includes."""
    from hub.errors import ConfigError

    try:
        settings = patient.settings
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("fail", "config", str(problem), "mend it; `hub check-config` looks again")
        return
    names = ", ".join(sorted(settings.integrations)) or "none"
    yield Finding(
        "ok", "config", f"{patient.config}: {settings.profile} profile, integrations: {names}"
    )


def folder(patient: Patient) -> Iterator[Finding]:
    """Check the data folder: there, ours, closed to others, writable."""
    place = patient.data
    if not place.is_dir():
        yield Finding(
            "warn", "data folder", f"{place} does not exist yet", "the first `hub run` makes it"
        )
        return
    found = place.stat()
    mode = stat.S_IMODE(found.st_mode)
    trouble = []
    if mode & 0o022:
        trouble.append(
            Finding(
                "fail",
                "data folder",
                f"others may write into {place} (mode {mode:04o})",
                f"chmod 700 {place}",
            )
        )
    elif mode & 0o055:
        trouble.append(
            Finding(
                "warn",
                "data folder",
                f"others may look into {place} (mode {mode:04o})",
                f"chmod 700 {place}",
            )
        )
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        trouble.append(
            Finding(
                "warn",
                "data folder",
                f"{place} belongs to user id {found.st_uid}",
                "run the doctor as the hub's user",
            )
        )
    elif not os.access(place, os.W_OK | os.X_OK):
        trouble.append(
            Finding("fail", "data folder", f"{place} can not be written", f"chmod 700 {place}")
        )
    yield from trouble or [Finding("ok", "data folder", str(place))]


def keys(patient: Patient) -> Iterator[Finding]:
    """Check that the sealing keys are there and private."""
    file = patient.data / "keys" / "sealing.json"
    if not patient.data.is_dir():
        return
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        known = (patient.data / "hub.db").exists()
        level, hint = (
            "fail",
            "put it back from where it was kept: without it no secret can be read",
        )
        if not known:
            level, hint = "warn", "the first `hub run` makes it"
        yield Finding(level, "key file", f"{file} does not exist", hint)
        return
    except PermissionError:
        yield Finding(
            "warn", "key file", f"{file} may not be looked at", "run the doctor as the hub's user"
        )
        return
    if mode & 0o077:
        yield Finding(
            "fail",
            "key file",
            f"others may read {file} (mode {mode:04o})",
            f"chmod 600 {file}, then `hub secrets rotate`",
        )
        return
    yield Finding("ok", "key file", f"{file}, mode {mode:04o}")


def database(patient: Patient) -> Iterator[Finding]:
    """Let SQLite look for damage, reading only."""
    import sqlite3
    from contextlib import closing

    file = patient.data / "hub.db"
    if not file.exists():
        return
    begun = time.monotonic()
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as link:
            found = [str(row[0]) for row in link.execute("PRAGMA quick_check(5)")]
    except sqlite3.Error as error:
        yield Finding(
            "fail",
            "database",
            f"{file}: {error}",
            "stop the hub and restore a backup: `hub backup restore`",
        )
        return
    if found != ["ok"]:
        yield Finding(
            "fail",
            "database",
            f"{file} is damaged: {found[0]}",
            "stop the hub and restore a backup: `hub backup restore`",
        )
        return
    size = sum(part.stat().st_size for part in file.parent.glob("hub.db*")) / (1 << 20)
    yield Finding(
        "ok", "database", f"{file}, {size:.1f} MB, sound ({time.monotonic() - begun:.2f} s)"
    )


def disk(patient: Patient) -> Iterator[Finding]:
    """Check the free space where the hub writes."""
    place = next(path for path in (patient.data, *patient.data.resolve().parents) if path.exists())
    usage = shutil.disk_usage(place)
    inodes = os.statvfs(place)
    told = f"{usage.free / (1 << 30):.1f} GB free of {usage.total / (1 << 30):.1f} GB"
    hint = "free some space: a full disk stops the hub from writing"
    if usage.free < FREE_FAIL or (inodes.f_files and inodes.f_favail < 100):
        yield Finding("fail", "disk space", told, hint)
    elif usage.free < FREE_WARN:
        yield Finding("warn", "disk space", told, hint)
    else:
        yield Finding("ok", "disk space", told)


def clock(patient: Patient) -> Iterator[Finding]:
    """Check that the clock is not far off: tokens, codes and certificates depend on it."""
    now = time.time()
    hint = "set the clock, for example with `timedatectl set-ntp true`"
    newest = max((file.stat().st_mtime for file in patient.data.glob("hub.db*")), default=0.0)
    if now < EARLIEST:
        yield Finding(
            "fail", "clock", f"it says {time.strftime('%Y-%m-%d', time.gmtime(now))}", hint
        )
    elif newest > now + CLOCK_WARN:
        yield Finding(
            "warn", "clock", f"the database was written {newest - now:.0f} s in the future", hint
        )
    else:
        yield Finding("ok", "clock", time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def port(patient: Patient) -> Iterator[Finding]:
    """Check that the configured port is the hub's, or free."""
    from hub.errors import ConfigError

    try:
        http = patient.settings.http
    except ConfigError:
        return
    where = f"{http.host}:{http.port}"
    with socket.socket(socket.AF_INET6 if ":" in http.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((http.host, http.port))
        except PermissionError:
            yield Finding(
                "fail", "port", f"this user may not open {where}", "choose http.port above 1023"
            )
            return
        except OSError as error:
            if patient.runs:
                yield Finding("ok", "port", f"{where} is open")
            else:
                reason = error.strerror or error
                yield Finding(
                    "fail",
                    "port",
                    f"{where}: {reason}",
                    "stop the program that has it, or choose another http.port",
                )
            return
    if patient.runs:
        yield Finding(
            "warn",
            "port",
            f"the hub runs, but {where} is free",
            "it was started with another port: see --port and HUB_PORT",
        )
    else:
        yield Finding("ok", "port", f"{where} is free")


def login(patient: Patient) -> Iterator[Finding]:
    """Check the stored login's file."""
    del patient
    try:
        stored = load_login()
    except CliError as error:
        yield Finding("fail", "login", error.message, error.hint or "")
        return
    if stored is not None:
        yield Finding("ok", "login", f"{stored.username} at {stored.url}, kept in {login_file()}")


def hub(patient: Patient) -> Iterator[Finding]:
    """Check that the hub answers, and whether it is as old as these commands."""
    try:
        way = find(patient.named)
    except CliError as error:
        yield Finding("fail", "hub", error.message, error.hint or "")
        return
    told = patient.told
    if isinstance(told, CliError):
        near = way.address.path == str(patient.data / SOCKET)
        if near and not patient.runs:
            yield Finding(
                "warn", "hub", f"it does not run on {patient.data}", "start it with `hub run`"
            )
        else:
            yield Finding("fail", "hub", told.message, told.hint or "")
        return
    version = told.get("hub_version")
    words = f"answers at {way.address} (chosen by {way.chosen_by}), state {told.get('state')}"
    if version is not None and version != VERSION:
        yield Finding(
            "warn",
            "hub",
            f"{words}; it is version {version}, these commands {VERSION}",
            "restart the hub, or install the same version here",
        )
    else:
        yield Finding("ok", "hub", words)


def health(patient: Patient) -> Iterator[Finding]:
    """Take over what the hub itself knows to be wrong."""
    if isinstance(patient.told, CliError):
        return
    levels = {"ok": "ok", "degraded": "warn", "failed": "fail"}
    try:
        items = patient.client.get("/api/health")
    except CliError as error:
        if error.code != "not_found":
            yield Finding("warn", "health", error.message, error.hint or "")
        return
    bad = [item for item in items if item["level"] != "ok"]
    for item in bad:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(item["since"]))
        yield Finding(
            levels[item["level"]],
            "health",
            f"{item['name']}: {item['message']} (since {since})",
            "look into the hub's log",
        )
    if not bad:
        yield Finding("ok", "health", f"{len(items)} items, all well")


def page(patient: Patient) -> Iterator[Finding]:
    """Check that the page is built, and from this version."""
    del patient
    place = Path(__file__).parents[1] / "api" / "static"
    if not (place / "index.html").is_file():
        yield Finding("warn", "page", "it is not built", "run `make setup` with Node 20 or newer")
        return
    yield Finding("ok", "page", "built")
