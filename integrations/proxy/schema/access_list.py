"""What the spec of a `proxy.access_list` holds."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import Secret, boolean, described, text
from integrations.proxy.schema.blocks import CLIENTS, NAME
from integrations.proxy.schema.numbers import listing


@described(type="string", min_length=1, max_length=100)
def _username(value: object) -> str:
    written = text(value)
    if not 1 <= len(written) <= 100 or not written.isprintable() or written != written.strip():
        raise vol.Invalid("expected 1 to 100 printable characters")
    if ":" in written or written.startswith("#"):
        raise vol.Invalid("expected a name without : that does not begin with # (RFC 7617)")
    return written


_ITEM: Final[dict[Any, Any]] = {
    vol.Required("username", description="Name"): _username,
    vol.Required("password", description="Password"): Secret(min=1, max=200),
}

ACCESS_LIST: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it; browsers show it"): NAME,
        vol.Optional(
            "satisfy_any", default=False, description="Password or address is enough, not both"
        ): boolean,
        vol.Optional(
            "pass_auth", default=False, description="The upstream sees the password"
        ): boolean,
        vol.Optional("items", default=list, description="Users"): listing(
            _ITEM, 0, 1000, "users", lambda one: one["username"]
        ),
        vol.Optional(
            "clients",
            default=list,
            description="Addresses, first match; what matches nothing is refused",
        ): CLIENTS,
    }
)
"""Who may come in."""


def check_access_list(spec: Mapping[str, Any]) -> None:
    """Refuse a list that would let everyone in; raises `vol.Invalid`."""
    if not spec["items"] and not spec["clients"]:
        raise vol.Invalid("expected a user or an address: an empty list is no door", path=["items"])
