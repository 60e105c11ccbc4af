"""From what is wanted to nginx's configuration: pure, and the same bytes for the same input."""

from collections.abc import Mapping, Sequence
from typing import Final

from integrations.proxy.const import (
    ACCESS_LIST,
    CERTIFICATE,
    DEAD_HOST,
    HOST,
    REDIRECT,
    SERVER,
    STREAM,
)
from integrations.proxy.models import Features, File, Flaw, Pair, Part, Rendered
from integrations.proxy.render import base, checks, host, plain, stream
from integrations.proxy.render.checks import Entry
from integrations.proxy.render.context import FlawError, Here
from integrations.proxy.render.defaults import complete, fits
from integrations.proxy.render.writer import UnsafeError

WEB: Final = (HOST, REDIRECT, DEAD_HOST)


def render(
    server: Part,
    features: Features,
    parts: Sequence[Part],
    pairs: Mapping[str, Pair],
    *,
    nameservers: Sequence[str] = (),
    main_text: str = "",
) -> Rendered:
    """Return the files of a server.

    `parts` go from the oldest to the newest: of two that want the same, the first has it. `pairs`
    holds certificates by key; one that is not in it lies on the server already. `nameservers` are
    those of the server itself, `main_text` is the main configuration of a shared nginx.
    """
    here = Here(server, complete(server), features, {one.id: one for one in parts}, nameservers)
    if (server_flaw := _port_clash(here)) is not None:
        return Rendered((), (server_flaw,))
    known = [(part, complete(part)) for part in parts if part.type not in _PASSIVE]
    flaws = [_unknown(part, "") for part, spec in known if not fits(part, spec)]
    entries = [(part, spec) for part, spec in known if fits(part, spec)]
    web = [entry for entry in entries if entry[0].type in WEB]
    streams = [entry for entry in entries if entry[0].type == STREAM and entry[1]["enabled"]]
    here.tls = any(
        spec["enabled"] and here.certificate(spec["certificate_id"]) is not None for _, spec in web
    )
    names, found = checks.names(web)
    http3 = any(
        spec["enabled"] and spec.get("http3_support") and here.certificate(spec["certificate_id"])
        for _, spec in web
    )
    flaws += found
    flaws += checks.ports(here, streams, http3=bool(http3))
    bad = {flaw.part for flaw in flaws}
    files: list[File] = []
    for entry in [*web, *streams]:
        part = entry[0]
        if part.id in bad:
            continue
        written = _write(here, entry, names.get(part.id, ()))
        if isinstance(written, Flaw):
            flaws.append(written)
        else:
            files.append(written)
    served = [name for part_id, held in names.items() if part_id not in bad for name in held]
    files.insert(0, base.write_hub(here, served, main_text, http3=bool(http3)))
    if here.own:
        files.insert(0, base.write_main(here, served, stream=bool(streams)))
    files += here.files.values()
    files += _certificates(here, entries, pairs)
    return Rendered(tuple(files), tuple(flaws), tuple(here.notes))


_PASSIVE: Final = frozenset({ACCESS_LIST, CERTIFICATE, SERVER})


def _port_clash(here: Here) -> Flaw | None:
    ports = {name: here.spec[name] for name in ("http_port", "https_port", "status_port")}
    if len(set(ports.values())) == len(ports):
        return None
    return Flaw(here.server.id, "status_port", "http, https and status need a port each")


def _write(here: Here, entry: Entry, names: Sequence[str]) -> File | Flaw:
    """Return the file of a part, or what stands against it."""
    part, spec = entry
    try:
        if part.type == STREAM:
            return _stream(here, entry)
        if not spec["enabled"]:
            return plain.write_off(here, part, spec, names)
        _certificate_notes(here, entry)
        if part.type == REDIRECT:
            return plain.write_forward(here, part, spec, names)
        if part.type == DEAD_HOST:
            return plain.write_dead(here, part, spec, names)
        return checks.loops(here, part, spec) or host.write(here, part, spec, names)
    except FlawError as error:
        return Flaw(part.id, error.field, error.message)
    except UnsafeError as error:
        return Flaw(part.id, "", str(error))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return _unknown(part, repr(error))


def _unknown(part: Part, why: str) -> Flaw:
    told = f"this is no spec of {part.type}{': ' if why else ''}{why}; save the resource again"
    return Flaw(part.id, "", told)


def _stream(here: Here, entry: Entry) -> File | Flaw:
    part, spec = entry
    features = here.features
    ready = features.has("stream") or (here.own and "stream" in features.dynamic)
    if not ready:
        return Flaw(
            part.id,
            "servers",
            f"the nginx of {here.server.id} has no stream module: install libnginx-mod-stream"
            " (Debian, Ubuntu) or nginx-mod-stream, or load it in the main configuration",
        )
    if spec["certificate_id"] and "stream_ssl" not in features.modules:
        return Flaw(part.id, "certificate_id", f"nginx {features.text} has no TLS for streams")
    return checks.loops(here, part, spec) or stream.write(here, part, spec)


def _certificate_notes(here: Here, entry: Entry) -> None:
    """Say when a host waits for its certificate, or has one for other names."""
    part, spec = entry
    key = spec["certificate_id"]
    if not key:
        return
    certificate = here.certificate(key)
    if certificate is None:
        told = f"{CERTIFICATE}/{key} is not issued yet: served by http until it is"
        here.note(part, "certificate_id", told)
        return
    known = set(certificate.names)
    missing = [
        name
        for name in spec["domain_names"]
        if known and name not in known and f"*.{name.partition('.')[2]}" not in known
    ]
    if missing:
        told = f"{CERTIFICATE}/{key} does not stand for {', '.join(missing[:5])}"
        here.note(part, "certificate_id", told)


def _certificates(here: Here, entries: Sequence[Entry], pairs: Mapping[str, Pair]) -> list[File]:
    """Return certificates and keys that are used and known."""
    found: dict[str, File] = {}
    for _, spec in entries:
        key = spec["certificate_id"]
        part = here.parts.get(f"{CERTIFICATE}/{key}") if key else None
        if part is None or key not in pairs or here.certificate(key) is None:
            continue
        chain, private = str(part.spec["chain"]), str(part.spec["key"])
        found[chain] = File(chain, pairs[key].chain, 0o644, part.id)
        found[private] = File(private, pairs[key].key, 0o600, part.id)
    return [found[path] for path in sorted(found)]
