"""When a host is tried again, and when not."""

import pytest

from hub.errors import HubError
from hub.runner import Limits
from hub.runner.breaker import Breaker
from hub.runner.errors import AuthFailed, HostKeyChanged, Unreachable
from hub.util.clock import FakeClock


def breaker(clock: FakeClock) -> Breaker:
    return Breaker(clock, Limits(failures=3, pause=10, longest_pause=60), draw=lambda: 0.5)


def test_pauses_begin_after_some_failures_and_grow() -> None:
    clock = FakeClock()
    found = breaker(clock)
    pauses = []
    for _ in range(8):
        found.check()
        found.failed(Unreachable("away"))
        try:
            found.check()
        except Unreachable as error:
            pauses.append(error.retry_after)
            clock._monotonic += error.retry_after or 0
        else:
            pauses.append(0.0)
    assert pauses == [0.0, 0.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]


def test_the_pause_names_the_reason() -> None:
    found = breaker(FakeClock())
    for _ in range(3):
        found.failed(Unreachable("connection refused"))
    with pytest.raises(Unreachable, match="connection refused; not tried again for 10 s after 3"):
        found.check()


@pytest.mark.parametrize("error", [AuthFailed("no"), HostKeyChanged("other")])
def test_refusals_are_final(error: HubError) -> None:
    clock = FakeClock()
    found = breaker(clock)
    found.failed(error)
    clock._monotonic += 1e6
    with pytest.raises(type(error)):
        found.check()
    found.reset()
    found.check()


def test_success_forgets_failures() -> None:
    found = breaker(FakeClock())
    found.failed(Unreachable("away"))
    found.failed(Unreachable("away"))
    found.reset()
    found.failed(Unreachable("away"))
    found.check()
