"""What the section of the template may hold."""

import pytest
import voluptuous as vol

from integrations._template.const import INTERVAL, PORT
from integrations._template.schema import CONFIG


def test_defaults() -> None:
    assert CONFIG({"host": "h"}) == {"host": "h", "port": PORT, "interval": INTERVAL}


@pytest.mark.parametrize("section", [{}, {"host": 1}, {"host": "h", "interval": 0}])
def test_mistakes(section: dict[str, object]) -> None:
    with pytest.raises(vol.Invalid):
        CONFIG(section)
