"""The order of a rollout, by tables."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import Desired, Unavailable, Unfinished
from integrations.proxy.deploying.rollout import Pace, steps, waves
from integrations.proxy.models import Part
from integrations.proxy.placed import Placed, PlacedController

SERVERS = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("servers", "pace", "wanted"),
    [
        ([], Pace(), []),
        (["a"], Pace(canary=1, wave=2), [["a"]]),
        (["a", "b"], Pace(canary=2, wave=2), [["a", "b"]]),
        (SERVERS, Pace(canary=1, wave=2), [["a"], ["b", "c"], ["d", "e"]]),
        (SERVERS, Pace(canary=0, wave=3), [["a", "b", "c"], ["d", "e"]]),
        (SERVERS, Pace(canary=2, wave=9), [["a", "b"], ["c", "d", "e"]]),
    ],
)
def test_waves(servers: list[str], pace: Pace, wanted: list[list[str]]) -> None:
    assert waves(servers, pace) == wanted


@given(
    st.lists(st.text(min_size=1, max_size=3), unique=True, max_size=60),
    st.integers(0, 50),
    st.integers(1, 100),
)
def test_every_server_has_its_turn_once(servers: list[str], canary: int, wave: int) -> None:
    found = waves(servers, Pace(canary=canary, wave=wave))
    assert [key for one in found for key in one] == servers
    assert all(0 < len(one) <= max(wave, canary) for one in found)


def test_steps_can_be_read_and_carry_what_their_apply_needs() -> None:
    pace = Pace(canary=1, wave=2, failure_budget=1, rollback=False, pause=3.0)
    found = steps("proxy.host/blog", 4, {"a": 3, "b": 3, "c": None}, {"z": 2}, pace)
    assert [step.summary for step in found] == [
        "deploy proxy.host/blog revision 4 to a (canary)",
        "deploy proxy.host/blog revision 4 to b, c",
        "take proxy.host/blog off z",
    ]
    assert found[1].before == {"b": 3, "c": None}
    assert found[1].after == {"b": 4, "c": 4}
    assert found[2].after == {"z": None}
    assert [step.data["pause"] for step in found] == [0.0, 3.0, 0.0]
    assert {step.data["budget"] for step in found} == {1}
    assert {step.data["rollback"] for step in found} == {False}


PART = Part("proxy.host/blog", 1, {"domain_names": ["blog.test"]})
DESIRED = Desired("proxy.host", "blog", PART.spec, 1, deleting=False)


class Alone(PlacedController):
    """The controller without a hub: what it finds is given, what it brings always works."""

    def __init__(self, found: Placed) -> None:
        self._failed = {}
        self._fleet: Any = SimpleNamespace(site=lambda _key: SimpleNamespace(parts={}))
        self._found = found

    async def observe(self, desired: Desired) -> Placed:
        return self._found

    def _part(self, desired: Desired) -> Part:
        return PART

    async def _bring(self, key: str, id: str, part: Part | None, progress: Any) -> None:
        pass


class Told:
    """A progress that keeps nothing."""

    def log(self, line: str) -> None:
        pass

    def progress(self, fraction: float, message: str | None = None) -> None:
        pass

    async def note(self, key: str, value: object) -> None:
        pass


async def test_a_server_that_can_not_be_asked_is_pending() -> None:
    alone = Alone(Placed({"a": PART}, {"b": Unavailable("away")}))
    with pytest.raises(Unfinished, match="1 of 2 servers are pending: b: away"):
        await alone.prove(DESIRED, Told())  # type: ignore[arg-type]


async def test_a_rollout_that_was_cut_off_costs_the_next_one_no_budget() -> None:
    alone = Alone(Placed({"a": PART}))
    alone._failed[PART.id] = {"old": Unavailable("away")}
    for step in steps(PART.id, 1, {"a": None}, {}, Pace()):
        await alone.apply(DESIRED, step, Told())  # type: ignore[arg-type]
    await alone.prove(DESIRED, Told())  # type: ignore[arg-type]
