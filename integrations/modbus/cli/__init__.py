"""`hub modbus`: what people do with Modbus devices beside their resources."""

from hub.cli.sdk import Entry, LazyGroup

_HERE = "integrations.modbus.cli"

modbus = LazyGroup(
    "modbus",
    entries={
        "read": Entry(f"{_HERE}.read:read", "Read registers of a device, or raw words."),
        "write": Entry(f"{_HERE}.write:write", "Write values to a device, or raw words."),
        "watch": Entry(f"{_HERE}.watch:watch", "Show the registers of a device as they change."),
        "scan": Entry(f"{_HERE}.jobs:scan", "Look for units on a link, and what can be read."),
        "learn": Entry(f"{_HERE}.jobs:learn", "Find out how much a device can stand."),
        "definitions": Entry(f"{_HERE}.definitions:definitions", "List register maps, show one."),
        "import": Entry(f"{_HERE}.imports:import_", "Take over what another program reads."),
    },
    help="Modbus devices: look at registers, find units and limits, move over.",
    no_args_is_help=True,
)
"""The group that `hub` shows for this integration."""
