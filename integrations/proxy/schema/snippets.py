"""The one raw text of a spec: directives of nginx, linted before they get near a server."""

import voluptuous as vol

from hub.sdk import described, text
from integrations.proxy.syntax import lint

LONGEST = 20_000


def _snippet(value: object, level: str) -> str:
    written = text(value).replace("\r\n", "\n").strip()
    if len(written) > LONGEST:
        raise vol.Invalid(f"expected at most {LONGEST} characters")
    if found := lint(written, level):
        raise vol.Invalid("; ".join(f"line {number}: {told}" for number, told in found[:5]))
    return written


@described(type="string", multiline=True, max_length=LONGEST)
def server_snippet(value: object) -> str:
    """Accept directives for a whole host."""
    return _snippet(value, "server")


@described(type="string", multiline=True, max_length=LONGEST)
def location_snippet(value: object) -> str:
    """Accept directives for one location."""
    return _snippet(value, "location")
