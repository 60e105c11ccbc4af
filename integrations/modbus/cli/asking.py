"""What the commands share: the services of the integration, its devices, and words as numbers."""

from typing import TYPE_CHECKING, Any, Final

from hub.cli.sdk import USAGE, CliError, ask_service, complete

if TYPE_CHECKING:
    from hub.cli.sdk import Client

LINK: Final = "modbus.link"
DEVICE: Final = "modbus.device"
TABLES: Final = ("coil", "discrete", "input", "holding")
BITS: Final = ("coil", "discrete")
SECONDS: Final = 120.0
"""How long an answer may take: a line serves one request after the other, and tries again."""

complete_device = complete.keys_of(DEVICE)
complete_link = complete.keys_of(LINK)


def ask(
    client: "Client", service: str, fields: dict[str, Any], seconds: float = SECONDS
) -> dict[str, Any]:
    """Call a service of this integration and return what it answers."""
    return ask_service(client, f"modbus.{service}", fields, needs=LINK, seconds=seconds)


def key_of(name: str, kind: str) -> str:
    """Return the key of `boiler`, `device/boiler` or `modbus.device/boiler`."""
    given, slash, key = name.rpartition("/")
    if slash and given not in (kind, kind.removeprefix("modbus.")):
        raise CliError(f"{name!r}: expected a key, or {kind}/KEY", status=USAGE)
    return key


def whole(text: str, what: str, low: int = 0, high: int = 0xFFFF) -> int:
    """Return a number of the command line, decimal or 0x."""
    try:
        found = int(text, 16 if text.lower().lstrip("-").startswith("0x") else 10)
    except ValueError:
        found = low - 1
    if not low <= found <= high:
        raise CliError(f"{text!r}: expected {what} from {low} to {high}", status=USAGE)
    return found


def table_of(text: str) -> str:
    """Return a table of the command line."""
    if text not in TABLES:
        raise CliError(f"{text!r}: expected one of {', '.join(TABLES)}", status=USAGE)
    return text


def value_cell(row: dict[str, Any]) -> str | None:
    """Return the value of a register with its unit; None when there is none."""
    value = row["value"]
    if value is None:
        return None
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value} {row['unit']}" if row["unit"] else str(value)


def raw_cell(raw: list[int] | None, *, bits: bool) -> str | None:
    """Return words as they stand on the wire."""
    if raw is None:
        return None
    return " ".join(str(item) if bits else f"{item:04x}" for item in raw)
