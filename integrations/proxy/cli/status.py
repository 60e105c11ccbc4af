"""`hub proxy status`: what every server serves, and where every host stands."""

import time
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import CliError, Columns, emit, note, options, paint, pairs, table, when, write
from integrations.proxy.cli.names import ask, complete_deployed

if TYPE_CHECKING:
    from hub.cli.sdk import Client

Row = dict[str, Any]
DAY: Final = 86_400

EXAMPLES: Final = (
    "\b\nExamples:\n  hub proxy status\n  hub proxy status edge\n  hub proxy status -o json\n"
)


@click.command(epilog=EXAMPLES)
@click.argument("name", required=False, shell_complete=complete_deployed)
@options.output
@options.hub
def status(client: "Client", name: str | None, output: str) -> None:
    """Show servers (release, version, drift, next certificate) and hosts (state on each server).

    With NAME: all that is known of that server or host.
    """
    found = ask(client, "status", {})
    if name is not None:
        _one(found, name, output)
        return
    if output != "table":
        emit(found, output)
        return
    _tell(found)


def _tell(found: Row) -> None:
    ends = soonest(found)
    servers = [{"key": key, "ends": ends.get(key), **row} for key, row in found["servers"].items()]
    columns: Columns = {
        "SERVER": "key",
        "STATE": _server_state,
        "NGINX": "version",
        "RELEASE": "release",
        "DRIFT": lambda row: drift(row["drift"]),
        "HOSTS": "hosts",
        "CERTIFICATE": lambda row: days(row["ends"]),
    }
    write(table(servers, columns))
    if not found["hosts"]:
        return
    hosts = [{"key": key, **row} for key, row in found["hosts"].items()]
    columns = {
        "HOST": "key",
        "DOMAIN": lambda row: _domains(row["domains"]),
        "STATE": _host_state,
        "SERVERS": lambda row: ", ".join(_on(key, it) for key, it in row["servers"].items()),
        "UPSTREAM": lambda row: {True: "up", False: "down"}.get(row["upstream"]["healthy"]),
        "CERTIFICATE": lambda row: days((row["certificate"] or {}).get("not_after")),
    }
    write("")
    write(table(hosts, columns))
    for host in hosts:
        for key, it in host["servers"].items():
            if it["message"]:
                note(f"{host['key']} on {key}: {it['message']}")
    for server in servers:
        if server["error"]:
            note(f"{server['key']}: {server['error']}")


def _one(found: Row, name: str, output: str) -> None:
    kind, slash, key = name.removeprefix("proxy.").rpartition("/")
    places = {f"{kind}s": found.get(f"{kind}s")} if slash else found
    hits = {place: {key: rows[key]} for place, rows in places.items() if rows and key in rows}
    if not hits:
        raise CliError(
            f"there is no server, host or certificate {name!r}", "see `hub proxy status`"
        )
    if output != "table":
        emit(hits, output)
        return
    for place, rows in hits.items():
        row = rows[key]
        write(paint(f"{place[:-1]} {key}", "bold"))
        shown = {field: value for field, value in row.items() if value not in (None, "", [], {})}
        for field in ("not_after", "next_renewal"):
            if field in shown:
                shown[field] = when(shown[field])
        if place == "hosts":
            shown["servers"] = [_on(server, it) for server, it in row["servers"].items()]
        write(pairs(shown))


def soonest(found: Row) -> dict[str, float]:
    """Return for each server the end of the first certificate that its hosts use."""
    ends: dict[str, float] = {}
    for host in found["hosts"].values():
        not_after = (host["certificate"] or {}).get("not_after")
        if not_after is None:
            continue
        for key in host["servers"]:
            ends[key] = min(float(not_after), ends.get(key, float(not_after)))
    return ends


def drift(found: Row | None) -> str | None:
    """Return how many files differ; None is not known."""
    if found is None:
        return None
    parts = [f"{len(names)} {kind}" for kind, names in found.items() if names]
    return ", ".join(parts) or "none"


def days(not_after: float | None) -> str | None:
    """Return how long a certificate is good."""
    if not_after is None:
        return None
    left = int((not_after - time.time()) // DAY)
    return "ended" if left < 0 else f"{left} d"


def _server_state(row: Row) -> str:
    if row["connected"] is False:
        return "away"
    return str(row["outcome"] if row["state"] == "idle" and row["outcome"] else row["state"])


def _host_state(row: Row) -> str:
    if not row["enabled"]:
        return "off"
    states = {it["state"] for it in row["servers"].values()}
    for state in ("failed", "missing", "outdated", "unknown"):
        if state in states:
            return state
    return "deployed" if states else "nowhere"


def _on(key: str, row: Row) -> str:
    return key if row["state"] == "deployed" else f"{key} ({row['state']})"


def _domains(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"
