"""Checks of what runs: the port, the stored login, the hub, its health and its page."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from hub.cli.checks.patient import Finding, Patient
from hub.cli.errors import CliError
from hub.cli.find import SOCKET, find, load_login, login_file
from hub.const import VERSION


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
    words = f"answers at {way.address} (chosen by {way.chosen_by}), state {told.get('state')}"
    version = _version(patient)
    if version not in (None, VERSION):
        message = f"{words}; it is version {version}, these commands are {VERSION}"
        yield Finding("warn", "hub", message, "restart the hub, or install the same version here")
    else:
        yield Finding("ok", "hub", words)


def _version(patient: Patient) -> str | None:
    """Return the version of the hub that answers; None when it does not say."""
    try:
        found = patient.client.get("/api/openapi.json")
    except CliError:
        return None
    version: str | None = found.get("info", {}).get("version")
    return version


def health(patient: Patient) -> Iterator[Finding]:
    """Take over what the hub itself knows to be wrong."""
    if isinstance(patient.told, CliError):
        return
    levels = {"ok": "ok", "degraded": "warn", "failed": "fail"}
    answer = patient.client.exchange("GET", "/readyz", seconds=5)
    told = answer.json() if answer.status in (200, 503) else {}
    items = told.get("items", [])
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
    """Check that the page is built, whole, and not older than its sources."""
    del patient
    place = Path(__file__).parents[2] / "api" / "static"
    index = place / "index.html"
    hint = "run `make setup` with Node 20 or newer"
    if not index.is_file():
        yield Finding("warn", "page", "it is not built", hint)
        return
    named = re.findall(r'(?:src|href)="/([^"]+)"', index.read_text(encoding="utf-8"))
    missing = [name for name in named if not (place / name).is_file()]
    sources = Path(__file__).parents[3] / "frontend" / "src"
    newest = max((file.stat().st_mtime for file in sources.rglob("*.ts")), default=0.0)
    if missing:
        yield Finding("fail", "page", f"the build lacks {missing[0]}", hint)
    elif newest > index.stat().st_mtime:
        yield Finding("warn", "page", "it was built before its sources changed", hint)
    else:
        yield Finding("ok", "page", "built, all files there")
