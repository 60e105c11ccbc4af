"""What the spec of a thermometer may hold."""

import pytest
import voluptuous as vol

from integrations._template.const import INTERVAL, PORT
from integrations._template.schema import SPEC


def test_defaults() -> None:
    assert SPEC({"host": "h"}) == {"host": "h", "port": PORT, "interval": INTERVAL}


@pytest.mark.parametrize("spec", [{}, {"host": 1}, {"host": "h", "interval": 0}])
def test_mistakes(spec: dict[str, object]) -> None:
    with pytest.raises(vol.Invalid):
        SPEC(spec)
