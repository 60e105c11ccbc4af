"""Commands: good, bad, retained, huge, too many."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import voluptuous as vol

from hub.config.settings import MqttSettings
from hub.errors import ServiceValidationError, Unavailable
from hub.events import EventBus
from hub.mqtt.commands import IN_FLIGHT, Commands
from hub.mqtt.link import Message
from hub.mqtt.topics import Topics
from hub.services import ServiceCall, ServiceRegistry
from hub.states import StateMachine
from hub.util.clock import FakeClock
from hub.util.json import loads
from hub.util.tasks import Tasks
from tests.peers.ports import wait_until


@dataclass
class Room:
    commands: Commands
    calls: list[tuple[str, str, dict[str, Any]]]
    errors: list[tuple[str, Any]]
    clock: FakeClock
    tasks: Tasks
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.commands.receive(Message(f"hub/h1/{topic}", payload, retain))

    async def idle(self) -> None:
        await wait_until(lambda: not self.commands._waiting)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    tasks, clock = Tasks(), FakeClock()
    bus = EventBus(tasks)
    states, services = StateMachine(bus), ServiceRegistry(bus)
    calls: list[tuple[str, str, dict[str, Any]]] = []
    errors: list[tuple[str, Any]] = []
    hub = SimpleNamespace(states=states, services=services, tasks=tasks, clock=clock)
    commands = Commands(
        hub,  # type: ignore[arg-type]
        Topics(MqttSettings(hub_id="h1")),
        lambda topic, payload: errors.append((topic, loads(payload))),
    )
    room = Room(commands, calls, errors, clock, tasks)
    room.gate.set()

    async def handle(call: ServiceCall) -> None:
        await room.gate.wait()
        if call.data.get("temperature", 0) > 30:
            raise ServiceValidationError("temperature must be between 5 and 30")
        if call.target.entity_ids == ("switch.away",):
            raise Unavailable("switch.away is unavailable")
        if call.target.entity_ids == ("switch.broken",):
            raise RuntimeError("boom")
        calls.append((call.target.entity_ids[0], call.service, dict(call.data)))

    one = {
        ("climate", "set_temperature"): {vol.Required("temperature"): float},
        ("climate", "set_hvac_mode"): {vol.Required("hvac_mode"): str},
        ("climate", "set_preset_mode"): {vol.Required("preset_mode"): str},
        ("climate", "set_fan_mode"): {vol.Required("fan_mode"): str},
        ("switch", "turn_on"): {},
        ("switch", "turn_off"): {},
        ("number", "set_value"): {vol.Required("value"): float},
        ("select", "select_option"): {vol.Required("option"): str},
        ("button", "press"): {},
        ("update", "install"): {},
    }
    for (domain, service), schema in one.items():
        services.register(domain, service, handle, schema=vol.Schema(schema), needs_target=True)
    for entity_id in (
        "climate.x", "switch.x", "switch.away", "switch.broken", "number.x",
        "select.x", "button.x", "update.x", "sensor.x",
    ):  # fmt: skip
        states.set(entity_id, "1")
    yield room
    await tasks.close()


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        (
            "climate/x/temperature/set",
            b"23.0",
            ("climate.x", "set_temperature", {"temperature": 23.0}),
        ),
        (
            "climate/x/temperature/set",
            b" 23 ",
            ("climate.x", "set_temperature", {"temperature": 23.0}),
        ),
        ("climate/x/mode/set", b"heat", ("climate.x", "set_hvac_mode", {"hvac_mode": "heat"})),
        ("climate/x/preset/set", b"eco", ("climate.x", "set_preset_mode", {"preset_mode": "eco"})),
        ("climate/x/fan_mode/set", b"low", ("climate.x", "set_fan_mode", {"fan_mode": "low"})),
        ("switch/x/set", b"ON", ("switch.x", "turn_on", {})),
        ("switch/x/set", b"off", ("switch.x", "turn_off", {})),
        ("number/x/set", b"23", ("number.x", "set_value", {"value": 23.0})),
        ("number/x/set", b"23.5", ("number.x", "set_value", {"value": 23.5})),
        ("select/x/set", "Grün".encode(), ("select.x", "select_option", {"option": "Grün"})),
        ("button/x/set", b"PRESS", ("button.x", "press", {})),
        ("update/x/set", b"install", ("update.x", "install", {})),
    ],
)
async def test_good(room: Room, topic: str, payload: bytes, expected: Any) -> None:
    room.send(topic, payload)
    await room.idle()
    assert room.calls == [expected]
    assert room.errors == []
    assert room.commands.executed == 1


@pytest.mark.parametrize(
    ("topic", "payload", "entity", "code", "words"),
    [
        ("climate/x/temperature/set", b"35", "climate/x", "service_validation_error", "5 and 30"),
        ("climate/x/temperature/set", b"warm", "climate/x", "invalid_format", "not a number"),
        ("climate/x/temperature/set", b"nan", "climate/x", "invalid_format", "not a number"),
        ("climate/x/temperature/set", b"inf", "climate/x", "invalid_format", "not a number"),
        ("climate/x/colour/set", b"red", "climate/x", "invalid_format", "no command topic"),
        ("climate/x/set", b"heat", "climate/x", "invalid_format", "no command topic"),
        ("switch/x/set", b"1", "switch/x", "invalid_format", "none of ON, OFF"),
        ("switch/x/set", b"\xff\xfe", "switch/x", "invalid_format", "not UTF-8"),
        ("switch/x/set", b"x" * 1_000_000, "switch/x", "invalid_format", "4096 bytes"),
        ("switch/none/set", b"ON", "switch/none", "not_found", "no entity switch.none"),
        ("switch/away/set", b"ON", "switch/away", "unavailable", "unavailable"),
        ("switch/broken/set", b"ON", "switch/broken", "home_assistant_error", "see the log"),
        ("sensor/x/set", b"1", "sensor/x", "invalid_format", "no command topic"),
        ("button/x/set", b"push", "button/x", "invalid_format", "not PRESS"),
    ],
    ids=lambda x: x[:24] if isinstance(x, str | bytes) else None,
)
async def test_refused(
    room: Room, topic: str, payload: bytes, entity: str, code: str, words: str
) -> None:
    room.send(topic, payload)
    await room.idle()
    assert room.calls == []
    assert len(room.errors) == 1
    where, body = room.errors[0]
    assert where == f"hub/h1/{entity}/error"
    assert body["code"] == code
    assert words in body["message"]
    assert body["topic"] == f"hub/h1/{topic}"
    assert len(body["payload"]) <= 120


async def test_retained_commands_are_ignored_and_said_once(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        room.send("switch/x/set", b"ON", retain=True)
    await room.idle()
    assert room.calls == []
    assert room.errors == []
    assert len([x for x in caplog.messages if "retained command" in x]) == 1


async def test_an_empty_payload_only_clears(room: Room) -> None:
    room.send("switch/x/set", b"")
    await room.idle()
    assert (room.calls, room.errors) == ([], [])


async def test_refusals_are_logged_at_most_once_a_minute(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    def lines() -> int:
        return len([x for x in caplog.messages if "refused" in x])

    for _ in range(50):
        room.send("switch/x/set", b"?")
    assert lines() == 1
    assert len(room.errors) == 50
    await room.clock.advance(61)
    room.send("switch/x/set", b"?")
    assert lines() == 2


async def test_order_for_an_entity_is_kept(room: Room) -> None:
    room.gate.clear()
    room.send("climate/x/mode/set", b"heat")
    for number in range(20):
        room.send("climate/x/temperature/set", str(number).encode())
    room.gate.set()
    await room.idle()
    assert room.calls[0][1] == "set_hvac_mode"
    assert [x[2].get("temperature") for x in room.calls[1:]] == [float(x) for x in range(20)]


async def test_too_many_are_refused(room: Room) -> None:
    room.gate.clear()
    for _ in range(IN_FLIGHT + 10):
        room.send("switch/x/set", b"ON")
    assert len(room.errors) == 10
    assert {x[1]["code"] for x in room.errors} == {"unavailable"}
    room.gate.set()
    await room.idle()
    assert len(room.calls) == IN_FLIGHT


async def test_a_slow_command_ends_in_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.mqtt.commands.CALL_TIMEOUT", 0.05)
    room.gate.clear()
    room.send("switch/x/set", b"ON")
    await room.idle()
    assert room.errors[0][1]["code"] == "timeout"


async def test_twice_is_harmless(room: Room) -> None:
    for _ in range(2):
        room.send("switch/x/set", b"ON")
    await room.idle()
    assert room.errors == []
    assert room.commands.receive(Message("hub/h1/switch/x/state", b"ON", False)) is False
