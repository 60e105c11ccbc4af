"""What makes a row: intervals keep their last value, dead bands let small moves go."""

from dataclasses import replace
from typing import Any

import pytest

from hub.events import Event, EventBus
from hub.recorder.policies import Policy
from hub.recorder.writing.admission import Admission
from hub.states import StateMachine
from hub.states.state import StateChanged
from hub.util.clock import FakeClock


class Rig:
    """A filter behind a real bus, with one policy for all."""

    def __init__(self, **values: Any) -> None:
        self.clock = FakeClock()
        self.bus = EventBus()
        self.states = StateMachine(self.bus, self.clock.time)
        self.policy = Policy(**values)
        self.squeezed = False
        self.rows: list[tuple[str, str | None]] = []
        self.late: list[tuple[str, float]] = []
        self.admission = Admission(self, self.clock, self._keep)  # type: ignore[arg-type]
        self.admission.late = lambda entity_id, time: self.late.append((entity_id, time))
        self.bus.listen("state_changed", self._offer)

    def of(self, _entity_id: str) -> Policy:
        return self.policy

    def _offer(self, event: Event) -> None:
        assert isinstance(event, StateChanged)
        self.admission.offer(event)

    def _keep(self, event: StateChanged, policy: Policy) -> None:
        assert policy is self.policy
        self.rows.append((event.entity_id, None if event.new is None else event.new.state))

    def set(self, *values: Any, entity_id: str = "sensor.a", **attributes: Any) -> None:
        for value in values:
            self.states.set(entity_id, str(value), dict(attributes))

    @property
    def kept(self) -> list[str | None]:
        return [state for _, state in self.rows]


def test_without_a_wish_everything_passes() -> None:
    rig = Rig()
    rig.set(1, 2, 3)
    rig.set(3, icon="x")
    assert rig.kept == ["1", "2", "3", "3"]


def test_none_keeps_nothing() -> None:
    rig = Rig(record="none")
    rig.set(1, 2)
    rig.states.remove("sensor.a")
    assert rig.kept == []
    assert rig.admission.suppressed == 3


def test_changes_leaves_attributes_alone() -> None:
    rig = Rig(record="changes")
    rig.set(1, a=1)
    rig.set(1, a=2)
    rig.set(1, a=2, unit_of_measurement="W")
    rig.set(2, a=3, unit_of_measurement="W")
    assert rig.kept == ["1", "1", "2"]


async def test_an_interval_keeps_its_last_value() -> None:
    rig = Rig(min_interval=60)
    rig.set(1, 2, 3)
    assert rig.kept == ["1"]
    await rig.clock.advance(59)
    rig.set(4)
    await rig.clock.advance(1)
    assert rig.kept == ["1", "4"]
    assert rig.late == [("sensor.a", rig.clock.time() - 1)]
    rig.set(5)
    await rig.clock.advance(59)
    assert rig.kept == ["1", "4"]
    await rig.clock.advance(1)
    assert rig.kept == ["1", "4", "5"]
    await rig.clock.advance(600)
    rig.set(6)
    assert rig.kept == ["1", "4", "5", "6"]


async def test_a_text_passes_at_once() -> None:
    rig = Rig(min_interval=60, deadband=5)
    rig.set(1, 2, "unavailable", 1, 9)
    assert rig.kept == ["1", "unavailable", "1"]
    await rig.clock.advance(60)
    assert rig.kept == ["1", "unavailable", "1", "9"]


def test_a_deadband_compares_with_the_last_row() -> None:
    rig = Rig(deadband=1)
    rig.set(10, 10.5, 10.9, 11, 11.9, 10.1, 10)
    assert rig.kept == ["10", "11", "10"]


def test_a_deadband_in_percent() -> None:
    rig = Rig(deadband_percent=10)
    rig.set(100, 109, 91, 110, 120, 121, 0, 0.1)
    assert rig.kept == ["100", "110", "121", "0", "0.1"]


def test_another_unit_passes_the_deadband() -> None:
    rig = Rig(deadband=1)
    rig.set(10, unit_of_measurement="W")
    rig.set(10, unit_of_measurement="kW")
    rig.set(10, unit_of_measurement="kW", icon="x")
    assert rig.kept == ["10", "10"]


def test_only_numbers() -> None:
    rig = Rig(only_numeric=True)
    rig.set("boot", 1, "error", "unknown", 2)
    assert rig.kept == ["1", "unknown", "2"]


def test_attributes_that_are_not_kept_make_no_row() -> None:
    rig = Rig(attributes=frozenset({"mode"}))
    rig.set(1, mode="a", noise=1)
    rig.set(1, mode="a", noise=2)
    rig.set(1, mode="b", noise=3)
    rig.set(1, mode="b", noise=3, state_class="measurement")
    assert len(rig.kept) == 3
    kept = rig.policy.kept({"mode": "b", "noise": 3, "unit_of_measurement": "W"})
    assert kept == {"mode": "b", "unit_of_measurement": "W"}


async def test_a_removal_passes_and_ends_the_interval() -> None:
    rig = Rig(min_interval=60)
    rig.set(1, 2)
    rig.states.remove("sensor.a")
    await rig.clock.advance(120)
    assert rig.kept == ["1", None]
    rig.set(3)
    assert rig.kept == ["1", None, "3"]


async def test_the_end_keeps_what_waits() -> None:
    rig = Rig(min_interval=60)
    rig.set(1, 2, entity_id="sensor.a")
    rig.set(1, 2, entity_id="sensor.b")
    rig.admission.release()
    assert rig.kept == ["1", "1", "2", "2"]
    await rig.clock.advance(600)
    assert len(rig.kept) == 4


async def test_a_changed_policy_begins_anew() -> None:
    rig = Rig(min_interval=60)
    rig.set(1, 2)
    rig.policy = replace(rig.policy, min_interval=10)
    rig.set(3)
    assert rig.kept == ["1", "3"]
    await rig.clock.advance(100)
    assert rig.kept == ["1", "3"]


def test_passwords_are_never_kept() -> None:
    rig = Rig()
    rig.set("hunter2", entity_id="input_text.wifi", mode="password")
    rig.set("hello", entity_id="input_text.greeting", mode="text")
    assert rig.kept == ["hello"]


def test_squeezed_only_what_has_statistics_passes() -> None:
    rig = Rig(record="statistics_only")
    rig.squeezed = True
    rig.set("a", "b", "c", entity_id="sensor.text")
    rig.set(1, 2, 3, entity_id="sensor.power", state_class="measurement")
    assert rig.kept == ["a", "1", "2", "3"]


@pytest.mark.parametrize("seed", range(3))
async def test_an_hour_of_a_busy_house(seed: int) -> None:
    """T5: 500 entities at 1 Hz, a minute's interval and a dead band (here 50 and 10 minutes)."""
    import random

    draw = random.Random(seed)  # noqa: S311 - nothing secret
    rig = Rig(min_interval=60, deadband=0.5)
    values = dict.fromkeys((f"sensor.n{number}" for number in range(50)), 20.0)
    seconds = 600
    for _ in range(seconds):
        for entity_id in values:
            values[entity_id] += draw.uniform(-1, 1)
            rig.set(round(values[entity_id], 3), entity_id=entity_id, state_class="measurement")
        await rig.clock.advance(1)
    assert len(rig.rows) <= len(values) * (seconds // 60 + 1)
    await rig.clock.advance(60)
    last = dict(rig.rows)
    for entity_id, value in values.items():
        assert abs(float(last[entity_id] or "nan") - value) < 0.5 + 1e-3
