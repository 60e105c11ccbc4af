"""Names of resources on the command line: `blog`, `host/blog` and `proxy.host/blog` are one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.cli.sdk import USAGE, CliError, ask_service, complete, quote

if TYPE_CHECKING:
    from hub.cli.sdk import Client

PLACED: Final = ("proxy.host", "proxy.redirect", "proxy.dead_host", "proxy.stream")
SERVER: Final = "proxy.server"
SECONDS: Final = 600.0
"""How long servers may take to answer: some may be away, and each has its own limit."""
DEPLOYED: Final = (*PLACED, SERVER, "proxy.access_list", "proxy.certificate")

complete_deployed = complete.keys_of(*DEPLOYED)
complete_server = complete.keys_of(SERVER)


def resolve(client: "Client", name: str, kinds: Sequence[str]) -> str:
    """Return `type/key` for a name; raises `CliError` when it is none, or several."""
    kind, slash, key = name.partition("/")
    if slash:
        full = kind if "." in kind else f"proxy.{kind}"
        if full not in kinds or not key:
            known = ", ".join(kind.removeprefix("proxy.") for kind in kinds)
            raise CliError(
                f"{name!r}: expected a key, or TYPE/KEY with one of {known}", status=USAGE
            )
        return f"{full}/{key}"
    found = [
        kind
        for kind in kinds
        if client.exchange("GET", f"/api/resources/{quote(kind)}/{quote(name)}").status == 200
    ]
    if not found:
        words = " or ".join(kind.removeprefix("proxy.").replace("_", " ") for kind in kinds)
        raise CliError(f"there is no {words} {name!r}", f"see `hub get {kinds[0]}`")
    if len(found) > 1:
        both = " and ".join(f"{kind}/{name}" for kind in found)
        raise CliError(f"{name!r} may be {both}", "write TYPE/KEY", status=USAGE)
    return f"{found[0]}/{name}"


def ask(client: "Client", service: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Call a service of this integration and return what it answers."""
    return ask_service(client, f"proxy.{service}", fields, needs=SERVER, seconds=SECONDS)
