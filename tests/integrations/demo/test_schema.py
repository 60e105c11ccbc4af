"""What the section of the demo may hold."""

import pytest
import voluptuous as vol

from integrations.demo.schema import CONFIG


def test_the_section_may_be_empty() -> None:
    assert CONFIG({}) == CONFIG(None) == {"interval": 5.0}


@pytest.mark.parametrize("section", [{"area": 5}, {"interval": 0}, {"room": "x"}, [], "x"])
def test_mistakes(section: object) -> None:
    with pytest.raises(vol.Invalid):
        CONFIG(section)
