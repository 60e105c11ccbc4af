"""Names of this integration."""

from typing import Final

DOMAIN: Final = "neasmart"
MANUFACTURER: Final = "Rehau"
LINE_MODEL: Final = "Neasmart 2.0 line"
BASE_MODEL: Final = "Neasmart 2.0 base station"
ZONE_MODEL: Final = "Neasmart 2.0 zone"
