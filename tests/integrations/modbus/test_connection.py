"""The entities that tell how devices and links fare."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from hub.sdk import (
    BreakerState,
    Unavailable,
)
from integrations.modbus import connection as connections
from integrations.modbus.const import DOMAIN
from integrations.modbus.polling.settings import Patience
from tests.integrations.modbus.bench import Bench
from tests.peers.ports import wait_until


async def test_the_connection_of_a_device(bench: Bench) -> None:
    await bench.build({"flow": {"address": 0}}, {"kind": "sensor", "register": "flow"})
    await bench.hub.entities.add(DOMAIN, connections.device_entities(bench.device))
    connection, button = "sensor.boiler_connection", "button.boiler_read_now"
    assert bench.seen(connection, "options", "requests", "timeouts", "holes") == (
        "ok", ["ok", "trying", "away", "link_down"], bench.device.counters.requests, 0, 0
    )  # fmt: skip
    await bench.lose()
    await wait_until(lambda: bench.state(connection).state == "away")
    attributes = bench.state(connection).attributes
    assert attributes["timeouts"] == 1
    assert 50 < attributes["retry_in"] < 70
    assert attributes["opened_at"].endswith("+00:00")
    assert "last_error" in attributes
    with pytest.raises(Unavailable, match="Boiler"):
        await bench.call("button.press", button)
    bench.unit.silent = False
    bench.unit.holding[0] = 12
    await bench.call("button.press", button)
    assert bench.device.breaker.state is not BreakerState.OPEN
    await bench.find()
    assert bench.state("sensor.boiler_flow").state == "12"
    await wait_until(lambda: bench.state(connection).state == "ok")
    await bench.fake.stop()
    await wait_until(lambda: bench.state(connection).state == "link_down")
    assert bench.seen(button, "reason") == ("unavailable", "link_down")


async def test_a_connection_is_unknown_until_the_first_answer(bench: Bench) -> None:
    bench.unit.silent = True
    await bench.build(
        {"flow": {"address": 0}},
        {"kind": "sensor", "register": "flow"},
        patience=Patience(failures=1000),
    )
    await bench.hub.entities.add(DOMAIN, connections.device_entities(bench.device))
    await bench.read()
    assert bench.state("sensor.boiler_connection").state == "unknown"
    bench.unit.silent = False
    await bench.read()
    assert bench.state("sensor.boiler_connection").state == "ok"


async def test_a_link_tells_how_it_fares(bench: Bench) -> None:
    told: list[Callable[[], None]] = []

    def listen(callback: Callable[[], None]) -> Callable[[], None]:
        told.append(callback)
        return bench.line.listen(callback)

    link: Any = SimpleNamespace(
        key="cellar", name="Cellar", line=bench.line, spec={"transport": {"type": "tcp"}},
        listen=listen, gateway=None,
    )  # fmt: skip
    await bench.hub.entities.add(DOMAIN, connections.link_entities(link))
    await bench.build({"flow": {"address": 0}}, {"kind": "sensor", "register": "flow"})
    assert len(told) == 2
    connected, errors = "binary_sensor.cellar_link", "sensor.cellar_errors"
    assert bench.seen(connected, "transport", "place", "reason") == (
        "on", "tcp", f"127.0.0.1:{bench.fake.port}", None
    )  # fmt: skip
    assert bench.state(errors).state == "0"
    await bench.lose()
    told[1]()
    assert bench.seen(errors, "timeouts", "bad_answers") == ("1", 1, 0)
    await bench.fake.stop()
    await wait_until(lambda: bench.state(connected).state == "off")
    await wait_until(lambda: bench.state(connected).attributes.get("reason"))
    device = bench.hub.devices.by_identifier((DOMAIN, "boiler"))
    place = bench.hub.devices.by_identifier((DOMAIN, "link:cellar"))
    assert device is not None
    assert place is not None
    assert device.via_device_id == place.id
