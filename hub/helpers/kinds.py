"""Every kind of helper."""

from typing import Final

from hub.helpers import (
    counter,
    input_boolean,
    input_button,
    input_datetime,
    input_number,
    input_select,
    input_text,
    schedule,
    timer,
)
from hub.helpers.helper import HelperKind

KINDS: Final[dict[str, HelperKind]] = {
    module.KIND.domain: module.KIND
    for module in (
        counter,
        input_boolean,
        input_button,
        input_datetime,
        input_number,
        input_select,
        input_text,
        schedule,
        timer,
    )
}
"""The kinds by the domain of their entities."""
