"""Legal topics, stable keys, and what a command topic names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config.settings import MqttSettings
from hub.mqtt.topics import Address, Topics, stable_key

TOPICS = Topics(MqttSettings(base="hub", hub_id="h1"))


def test_the_map() -> None:
    assert TOPICS.status == "hub/h1/status"
    assert TOPICS.info == "hub/h1/hub/info"
    assert TOPICS.entity("climate.living") == "hub/h1/climate/living"
    assert TOPICS.device("neasmart_z1") == "hub/h1/neasmart_z1/availability"
    assert TOPICS.announce_device("z1") == "homeassistant/device/h1/z1/config"
    assert TOPICS.announce_entity("sensor", "k") == "homeassistant/sensor/h1/k/config"


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("hub/h1/switch/pump/set", Address("switch.pump", "")),
        ("hub/h1/climate/living/mode/set", Address("climate.living", "mode")),
        ("hub/h1/climate/living/mode", None),
        ("hub/h1/set", None),
        ("hub/h1/a/b/c/d/set", None),
        ("hub/h2/switch/pump/set", None),
        ("other/switch/pump/set", None),
    ],
)
def test_command_topics(topic: str, expected: Address | None) -> None:
    assert TOPICS.address(topic) == expected


def test_what_is_ours() -> None:
    assert TOPICS.is_own("hub/h1/sensor/x/state")
    assert not TOPICS.is_own("hub/h1/switch/x/set")
    assert not TOPICS.is_own("hub/h10/sensor/x/state")
    assert TOPICS.is_announcement("homeassistant/device/h1/z1/config")
    assert TOPICS.is_announcement("homeassistant/sensor/h1/z1/config")
    assert not TOPICS.is_announcement("homeassistant/sensor/z1/config")
    assert not TOPICS.is_announcement("homeassistant/device/h2/z1/config")


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=3))
def test_keys_are_legal_and_bounded(parts: list[str]) -> None:
    key = stable_key(*parts)
    assert 0 < len(key) <= 80
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert key == stable_key(*parts)


def test_keys_of_different_ids_differ() -> None:
    assert stable_key("a", "ä") != stable_key("a", "ö")
    assert stable_key("x" * 100 + "1") != stable_key("x" * 100 + "2")
