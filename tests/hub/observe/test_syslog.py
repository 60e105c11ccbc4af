"""The ring of warnings: what is kept, counted and told."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hub.observe.syslog import KEPT, TEXTS, SystemLog

LOGGER = logging.getLogger("hub.test.syslog")


@pytest.fixture
async def log() -> Any:
    log = SystemLog()
    log.start()
    yield log
    log.stop()


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = list(logging.getLogger().handlers)
    yield
    assert logging.getLogger().handlers == before


def warn(text: str) -> None:
    LOGGER.warning("It is %s", text)


async def test_warnings_are_kept_in_the_protocols_form(log: SystemLog) -> None:
    warn("late")
    LOGGER.info("not kept")
    (entry,) = log.list()
    assert entry["name"] == "hub.test.syslog"
    assert entry["message"] == ["It is late"]
    assert entry["level"] == "warning"
    assert entry["source"][0] == "hub/observe/test_syslog.py"
    assert entry["source"][1] > 0
    assert (entry["count"], entry["exception"]) == (1, "")
    assert entry["first_occurred"] == entry["timestamp"]


async def test_one_place_is_one_entry_with_a_count_and_its_newest_texts(log: SystemLog) -> None:
    for number in range(20):
        warn(str(number % 7))
    (entry,) = log.list()
    assert entry["count"] == 20
    assert len(entry["message"]) == TEXTS
    assert entry["message"][-1] == "It is 5"
    assert log.counts["warning"] == 20


async def test_failures_of_other_kinds_at_one_place_are_told_apart(log: SystemLog) -> None:
    for error in (ValueError("a"), KeyError("b"), ValueError("c")):
        try:
            raise error
        except (ValueError, KeyError):
            LOGGER.exception("It failed")
    found = {entry["exception"].splitlines()[-1]: entry["count"] for entry in log.list()}
    assert found == {"ValueError: c": 2, "KeyError: 'b'": 1}


async def test_the_ring_is_bounded_and_the_quietest_goes_first(log: SystemLog) -> None:
    for number in range(KEPT + 50):
        logging.getLogger(f"hub.test.n{number}").warning("x")
        logging.getLogger("hub.test.n0").warning("x")
    names = [entry["name"] for entry in log.list()]
    assert len(names) == KEPT
    assert "hub.test.n0" in names
    assert "hub.test.n1" not in names


async def test_texts_are_harmless(log: SystemLog) -> None:
    warn("\x1b[31m\n\u2028forged")
    assert log.list()[0]["message"] == [r"It is \x1b[31m\n\u2028forged"]


async def test_entries_are_told_on_the_loop_from_any_thread(log: SystemLog) -> None:
    told: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    log.told = lambda entry: told.put_nowait((entry["message"][-1], threading.get_ident()))
    warn("here")
    assert told.empty()  # never in the middle of what logs
    assert await told.get() == ("It is here", threading.get_ident())
    await asyncio.to_thread(warn, "there")
    assert await told.get() == ("It is there", threading.get_ident())


async def test_a_listener_that_logs_does_not_go_round_for_ever(log: SystemLog) -> None:
    calls = []

    def told(entry: dict[str, Any]) -> None:
        calls.append(entry)
        LOGGER.error("the listener is in trouble")

    log.told = told
    warn("x")
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(calls) == 1
    assert len(log.list()) == 2


async def test_cleared_is_empty(log: SystemLog) -> None:
    warn("x")
    log.clear()
    assert log.list() == []
