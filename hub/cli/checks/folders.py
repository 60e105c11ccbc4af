"""Checks of what lies on the disk; they work with the hub stopped and change nothing."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from typing import Final

from hub.cli.checks.patient import Finding, Patient

FREE_FAIL: Final = 100 << 20
FREE_WARN: Final = 1 << 30
CLOCK_WARN: Final = 30.0
EARLIEST: Final = 1_767_225_600
"""2026-01-01: before that this program did not exist."""


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
