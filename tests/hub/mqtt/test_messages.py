"""Messages for others, from a real broker: shared filters, reconnects, and `mqtt.publish`."""

import asyncio
import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from hub.config.settings import MqttSettings, Protocol
from hub.errors import HubError, InvalidFormat, NotAllowed
from hub.mqtt.errors import LinkError
from hub.mqtt.messages import covers
from hub.templates import Templates
from tests.hub.mqtt.conftest import Build, retained
from tests.hub.mqtt.house import House
from tests.peers.mosquitto import Mosquitto
from tests.peers.ports import wait_until

Seen = list[tuple[str, bytes, int, bool]]


async def publish(mosquitto: Mosquitto, topic: str, payload: str | None, **more: Any) -> None:
    await asyncio.to_thread(lambda: mosquitto.publish(topic, payload, **more))


def listen(house: House, topic: str, qos: int = 0) -> tuple[Seen, Any]:
    """Subscribe and collect what arrives; also return what ends it."""
    seen: Seen = []
    stop = house.mqtt.messages.subscribe(topic, qos, lambda *message: seen.append(message))
    return seen, stop


async def agreed(house: House) -> None:
    await wait_until(lambda: house.mqtt.messages.agreed)


@pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])
async def test_filters_are_shared_and_overlap(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto, protocol: Protocol
) -> None:
    made = await build(MqttSettings(broker=mqtt_settings.broker, hub_id="h1", protocol=protocol))
    one, _ = listen(made, "a/b")
    two, stop_two = listen(made, "a/b", 1)
    wide, stop_wide = listen(made, "a/#", 2)
    level, _ = listen(made, "+/b")
    other, _ = listen(made, "c")
    await made.start()
    await agreed(made)
    assert made.mqtt.messages._held == {"a/#": 2, "+/b": 0, "c": 0}
    await publish(mosquitto, "a/x", "first")
    await wait_until(lambda: len(wide) == 1)
    assert wide == [("a/x", b"first", 1, False)]
    stop_wide()
    stop_two()
    await agreed(made)
    assert made.mqtt.messages._held == {"+/b": 0, "c": 0}
    await publish(mosquitto, "a/b", "second")
    await publish(mosquitto, "c", "last")
    await wait_until(lambda: len(other) == 1)
    assert one == [("a/b", b"second", 0, False)]
    assert level == one
    assert two == []
    assert len(wide) == 1


async def test_the_hubs_own_commands_come_once_beside_everything(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto
) -> None:
    made = await build(mqtt_settings)
    await made.furnish()
    everything, _ = listen(made, "#")
    await made.start()
    await made.settled()
    await agreed(made)
    await publish(mosquitto, "hub/h1/switch/box_pump/set", "TOGGLE")
    await wait_until(lambda: made.switch.on is True)
    await wait_until(lambda: any(topic.endswith("pump/state") for topic, *_ in everything[-3:]))
    assert made.mqtt.status()["commands"] == 1


async def test_subscriptions_outlive_the_broker(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    made = await build(mqtt_settings)
    before, _ = listen(made, "before/+")
    await made.mqtt.start()
    await asyncio.to_thread(mosquitto.start)
    await agreed(made)
    await publish(mosquitto, "before/1", "x")
    await wait_until(lambda: len(before) == 1)
    await asyncio.to_thread(mosquitto.stop, signal.SIGKILL)
    await wait_until(lambda: not made.mqtt.messages.connected)
    meanwhile, _ = listen(made, "meanwhile")
    await asyncio.to_thread(mosquitto.start)
    await agreed(made)
    await publish(mosquitto, "before/2", "y")
    await publish(mosquitto, "meanwhile", "z")
    await wait_until(lambda: len(meanwhile) == 1)
    assert [payload for _, payload, _, _ in before] == [b"x", b"y"]


async def test_what_is_retained_comes_marked(house: House, mosquitto: Mosquitto) -> None:
    await publish(mosquitto, "kept/1", "old", retain=True)
    seen, _ = listen(house, "kept/+")
    await wait_until(lambda: len(seen) == 1)
    await publish(mosquitto, "kept/1", "new", retain=True)
    await wait_until(lambda: len(seen) == 2)
    assert [(payload, retain) for _, payload, _, retain in seen] == [
        (b"old", True),
        (b"new", False),
    ]


async def test_one_failing_listener_does_not_harm_the_others(
    house: House, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("no")

    house.mqtt.messages.subscribe("a", 0, fail)
    seen, _ = listen(house, "a")
    await agreed(house)
    await publish(mosquitto, "a", "x")
    await publish(mosquitto, "a", "y")
    await wait_until(lambda: len(seen) == 2)
    assert "A listener for MQTT messages failed" in caplog.text


async def test_nobody_listens_nothing_is_opened(house: House) -> None:
    assert house.mqtt.messages._running is None
    _, stop = listen(house, "a")
    await agreed(house)
    stop()
    stop()
    await agreed(house)
    assert house.mqtt.messages._held == {}


async def test_many_filters(house: House, mosquitto: Mosquitto) -> None:
    found = [listen(house, f"many/{number}") for number in range(450)]
    await agreed(house)
    await publish(mosquitto, "many/449", "x")
    await wait_until(lambda: len(found[449][0]) == 1)
    assert sum(len(seen) for seen, _ in found) == 1


_LEVEL = st.sampled_from(["a", "b", "", "$SYS"])
_FILTERS = st.builds(
    lambda levels, end: "/".join([*levels, *end]) or "a",
    st.lists(st.sampled_from(["a", "b", "", "+", "$SYS"]), max_size=3),
    st.sampled_from([[], ["#"]]),
)


@given(wide=_FILTERS, narrow=_FILTERS, topic=st.lists(_LEVEL, min_size=1, max_size=4))
def test_a_filter_inside_another_gives_nothing_more(
    wide: str, narrow: str, topic: list[str]
) -> None:
    name = "/".join(topic)
    if name and covers(wide, narrow) and topic_matches_sub(narrow, name):
        assert topic_matches_sub(wide, name)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("a/#", "a/b", True),
        ("a/#", "a", True),
        ("a/#", "a/+/c", True),
        ("a/+", "a/b", True),
        ("a/+", "a/#", False),
        ("+/b", "a/+", False),
        ("#", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/b", "a", False),
        ("a", "a/b", False),
    ],
)
def test_covering(wide: str, narrow: str, covered: bool) -> None:
    assert covers(wide, narrow) is covered


# --- mqtt.publish


async def call(house: House, **data: Any) -> None:
    await house.hub.services.call("mqtt", "publish", data)


async def test_publishes(house: House, mosquitto: Mosquitto) -> None:
    seen, _ = listen(house, "out/#", 2)
    await agreed(house)
    await call(house, topic="out/text", payload="hällo")
    await call(house, topic="out/number", payload=5, qos=1)
    await call(house, topic="out/json", payload={"a": [1, True]}, qos="2")
    await call(house, topic="out/empty", retain=True, qos=1)
    house.hub.templates = Templates(house.hub)
    await call(house, topic="out/template", payload_template="{{ 1 + 1 }}")
    await wait_until(lambda: len(seen) == 5)
    assert sorted(seen) == [
        ("out/empty", b"", 1, False),
        ("out/json", b'{"a":[1,true]}', 2, False),
        ("out/number", b"5", 1, False),
        ("out/template", b"2", 0, False),
        ("out/text", "hällo".encode(), 0, False),
    ]
    await call(house, topic="kept", payload="x", retain=True, qos=1)
    assert (await retained(mosquitto))["kept"] == "x"


REFUSED: list[tuple[dict[str, Any], type[HubError], str]] = [
    ({"topic": "a/+"}, InvalidFormat, "no +"),
    ({"topic": ""}, InvalidFormat, "expected a topic"),
    ({}, InvalidFormat, "topic"),
    ({"topic": "a", "qos": 3}, InvalidFormat, "0, 1 or 2"),
    ({"topic": "a", "payload": object()}, InvalidFormat, "JSON"),
    ({"topic": "a", "payload": "x", "payload_template": "x"}, InvalidFormat, "same group"),
    ({"topic": "hub/h1/status", "payload": "offline"}, NotAllowed, "belongs to the hub"),
    ({"topic": "homeassistant/device/h1/x/config"}, NotAllowed, "belongs to the hub"),
]


async def test_refuses(house: House) -> None:
    for data, error, words in REFUSED:
        with pytest.raises(error) as caught:
            await call(house, **data)
        assert words in caught.value.message


async def test_without_a_broker_it_says_so(house: House, mosquitto: Mosquitto) -> None:
    await asyncio.to_thread(mosquitto.stop)
    await wait_until(lambda: not house.mqtt.connected)
    with pytest.raises(LinkError, match="not connected"):
        await call(house, topic="a", payload="x")
