"""Names without an upstream: redirects, dead hosts, and whatever is switched off."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.proxy.const import DEAD_HOST, HOST, REDIRECT
from integrations.proxy.models import File, Part
from integrations.proxy.render.context import Certificate, Here
from integrations.proxy.render.host import write_redirect
from integrations.proxy.render.listen import (
    begin,
    challenges,
    listen_http,
    listen_https,
    refuse_https,
)
from integrations.proxy.render.snippets import FIELD, Snippet, read
from integrations.proxy.render.writer import Page, word

_STEMS = {HOST: "host", REDIRECT: "redirect", DEAD_HOST: "dead"}


def path_of(part: Part) -> str:
    """Return where a part's file lies in a release."""
    return f"http/{_STEMS[part.type]}-{part.key}.conf"


def write_off(here: Here, part: Part, spec: Mapping[str, Any], names: Sequence[str]) -> File:
    """Return the file of what is switched off: its names get no answer, nor another host's."""
    page = Page(f"{part.id}, switched off")
    if names:
        page.open("enabled", "server")
        listen_http(here, page)
        begin(here, page, part, names)
        challenges(here, page)
        page.block("enabled", "location /", "return 444")
        page.close()
        if not refuse_https(here, page, names) and here.tls:
            _close_https(here, page, part, spec, names)
    return page.file(path_of(part), part.id)


def _close_https(
    here: Here, page: Page, part: Part, spec: Mapping[str, Any], names: Sequence[str]
) -> None:
    """Answer nothing over TLS where nginx is too old to refuse the handshake."""
    certificate = here.certificate(spec["certificate_id"])
    if certificate is None:
        here.note(
            part,
            "enabled",
            f"nginx {here.features.text} can not refuse TLS for a name without a certificate: over"
            " https another host answers; nginx 1.19.4 can",
        )
        return
    page.open("enabled", "server")
    listen_https(here, page, part, {**spec, "http3_support": False}, certificate)
    begin(here, page, part, names)
    page.block("enabled", "location /", "return 444")
    page.close()


def write_dead(here: Here, part: Part, spec: Mapping[str, Any], names: Sequence[str]) -> File:
    """Return the file of a dead host: 404 for everything."""
    return _write(here, part, spec, names, ["return 404"], "domain_names")


def write_forward(here: Here, part: Part, spec: Mapping[str, Any], names: Sequence[str]) -> File:
    """Return the file of a redirect."""
    scheme = "$scheme" if spec["forward_scheme"] == "auto" else spec["forward_scheme"]
    rest = "$request_uri" if spec["preserve_path"] else "/"
    url = word(f"{scheme}://{spec['forward_domain_name']}{rest}")
    code = int(spec["forward_http_code"])
    answer = [f"return {code} {url}"]
    if code == 300:
        # nginx sends Location by itself with 301, 302, 303, 307 and 308 only
        answer = [f"add_header Location {url} always", "return 300"]
    return _write(here, part, spec, names, answer, "forward_domain_name")


def _write(
    here: Here,
    part: Part,
    spec: Mapping[str, Any],
    names: Sequence[str],
    answer: Sequence[str],
    field: str,
) -> File:
    page = Page(part.id)
    snippet = read(spec["advanced_config"], "server", FIELD, here.base)
    certificate = here.certificate(spec["certificate_id"])
    if certificate is not None and spec["ssl_forced"]:
        write_redirect(here, page, part, names)
    else:
        _server(here, page, part, spec, names, answer, field, snippet, None)
    if certificate is not None:
        _server(here, page, part, spec, names, answer, field, snippet, certificate)
    else:
        refuse_https(here, page, names)
    return page.file(path_of(part), part.id)


def _server(
    here: Here,
    page: Page,
    part: Part,
    spec: Mapping[str, Any],
    names: Sequence[str],
    answer: Sequence[str],
    field: str,
    snippet: Snippet,
    certificate: Certificate | None,
) -> None:
    page.open(None, "server")
    if certificate is None:
        listen_http(here, page)
    else:
        listen_https(here, page, part, spec, certificate)
    begin(here, page, part, names)
    page.rows(snippet.early + snippet.rows)
    challenges(here, page)
    page.open(None, "location /")
    if spec.get("block_exploits"):
        page.unless("block_exploits", "$hub_exploit", "403")
    if spec["hsts_enabled"] and certificate is not None:
        below = "; includeSubDomains" if spec["hsts_subdomains"] else ""
        value = f'"max-age={int(spec["hsts_max_age"])}{below}"'
        page.add("hsts_enabled", f"add_header Strict-Transport-Security {value} always")
    page.rows(row for row in snippet.repeated if row[1].startswith("add_header"))
    page.add(field, *answer)
    page.close()
    page.close()
