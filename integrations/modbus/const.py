"""Names that the whole integration uses."""

from typing import Final

DOMAIN: Final = "modbus"
LINK: Final = "modbus.link"
DEVICE: Final = "modbus.device"
DEFINITION: Final = "modbus.definition"

BROADCAST: Final = 0
"""The unit that every device of a bus hears and none answers."""
