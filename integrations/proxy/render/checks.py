"""What parts of one server forbid each other: names, ports, ways that lead back."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from integrations.proxy.const import STREAM
from integrations.proxy.models import Flaw, Part
from integrations.proxy.render.context import Here
from integrations.proxy.render.listen import quic

Entry = tuple[Part, Mapping[str, Any]]


def names(entries: Sequence[Entry]) -> tuple[dict[str, list[str]], list[Flaw]]:
    """Share names out: the first part keeps its own, a later one that wants them has a flaw.

    What is switched off gives way to what is on, and keeps what is left. Returns the names of each
    part by id, and the flaws.
    """
    owners: dict[str, str] = {}
    flaws: list[Flaw] = []
    for part, spec in entries:
        if not spec["enabled"]:
            continue
        for index, name in enumerate(spec["domain_names"]):
            owner = owners.setdefault(name, part.id)
            if owner != part.id:
                told = f"{name} is already served by {owner}; {part.id} can not have it too"
                flaws.append(Flaw(part.id, f"domain_names.{index}", told))
    for part, spec in entries:
        if not spec["enabled"]:
            for name in spec["domain_names"]:
                owners.setdefault(name, part.id)
    found: dict[str, list[str]] = {part.id: [] for part, _ in entries}
    for part, spec in entries:
        found[part.id] = [name for name in spec["domain_names"] if owners[name] == part.id]
    return found, flaws


def ports(here: Here, streams: Iterable[Entry], *, http3: bool) -> list[Flaw]:
    """Return the streams that want a port which is taken."""
    server = here.server.id
    taken = {
        ("tcp", here.spec["http_port"]): f"http of {server}",
        ("tcp", here.spec["https_port"]): f"https of {server}",
        ("tcp", here.spec["status_port"]): f"status_port of {server}",
    }
    if http3 and quic(here):
        taken["udp", here.spec["https_port"]] = f"HTTP/3 of {server}"
    flaws = []
    for part, spec in streams:
        for kind in ("tcp", "udp"):
            if not spec[f"{kind}_forwarding"]:
                continue
            owner = taken.setdefault((kind, spec["incoming_port"]), part.id)
            if owner != part.id:
                told = f"port {spec['incoming_port']}/{kind} belongs to {owner} already"
                flaws.append(Flaw(part.id, "incoming_port", told))
    return flaws


def loops(here: Here, part: Part, spec: Mapping[str, Any]) -> Flaw | None:
    """Return the flaw of a part whose upstream is the port that it is served on."""
    own = {here.spec["http_port"], here.spec["https_port"]}
    names_ = set(spec.get("domain_names") or ())
    if part.type == STREAM:
        own = {spec["incoming_port"]} if spec["tcp_forwarding"] else set()
        places = [("forwarding_host", spec["forwarding_host"], spec["forwarding_port"])]
    else:
        places = [("forward_host", spec["forward_host"], spec["forward_port"])]
        places += [
            (f"locations.{index}.forward_host", one["forward_host"], one["forward_port"])
            for index, one in enumerate(spec["locations"])
        ]
    places += [
        (f"upstreams.{index}.host", one["host"], one["port"])
        for index, one in enumerate(spec["upstreams"])
    ]
    for field, host, port in places:
        if host is None:
            continue
        if port == here.spec["status_port"] and _is_here(here, host):
            return Flaw(part.id, field, "leads to the status port, which is not for the world")
        if port in own and (_is_here(here, host) or _matches(host, names_)):
            told = f"{host}:{port} is this nginx itself: each request would come back for ever"
            return Flaw(part.id, field, told)
    return None


def _is_here(here: Here, host: str) -> bool:
    if host == "localhost" or host in here.spec["addresses"]:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _matches(host: str, names_: set[str]) -> bool:
    return host in names_ or f"*.{host.partition('.')[2]}" in names_
