"""Throttling: growing waits, parallel attempts, friends, bounded memory."""

import pytest

from hub.auth import TooManyAttempts
from hub.auth.addresses import counted, is_local
from hub.auth.throttle import FORGET, FREE, LONGEST, MAX_FRIENDS, MAX_KEYS, Throttle
from hub.util.clock import FakeClock

A, B = "203.0.113.7", "203.0.113.8"


async def test_waits_grow_to_a_limit_and_are_forgotten() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(FREE + 12):
        throttle.failed(A)
        waits.append(throttle.wait(A))
    assert waits[: FREE - 1] == [0] * (FREE - 1)
    assert waits[FREE - 1 : FREE + 3] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST
    assert throttle.wait(B) == 0
    await clock.advance(LONGEST)
    assert throttle.wait(A) == 0
    await clock.advance(FORGET)
    throttle.attempt(A)
    assert throttle.wait(A) == 0


def test_attempts_at_once_count_before_they_end() -> None:
    throttle = Throttle(FakeClock())
    for _ in range(FREE):
        throttle.attempt(A, "anna")
    with pytest.raises(TooManyAttempts):
        throttle.attempt(A, "anna")
    throttle.succeeded(A, "anna")
    throttle.attempt(A, "anna")


def test_a_name_is_slowed_down_from_everywhere_but_where_it_was_right() -> None:
    throttle = Throttle(FakeClock())
    throttle.succeeded(B, "anna")
    for number in range(FREE):
        throttle.attempt(f"198.51.100.{number}", "anna")
    with pytest.raises(TooManyAttempts):
        throttle.attempt(A, "anna")
    throttle.attempt(A, "bob")
    throttle.attempt(B, "anna")
    throttle.attempt("192.168.1.5", "anna")


def test_memory_is_bounded_and_busy_keys_stay() -> None:
    throttle = Throttle(FakeClock())
    for _ in range(FREE + 5):
        throttle.failed(A)
    for number in range(MAX_KEYS * 2):
        throttle.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        throttle.succeeded(f"user{number}", "x")
    assert len(throttle._failures) == MAX_KEYS
    assert len(throttle._friends) == MAX_FRIENDS
    assert throttle.wait(A) > 0


def test_addresses_of_one_ipv6_network_count_together() -> None:
    assert counted("2001:db8::1") == counted("2001:db8::ffff:1")
    assert counted("2001:db8::1") != counted("2001:db8:0:1::1")
    assert counted("::ffff:203.0.113.7") == A
    assert counted(None) == counted("") == ""


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("192.168.3.4", True),
        ("10.0.0.1", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:192.168.0.1", True),
        ("8.8.8.8", False),
        ("203.0.113.7", False),
        ("172.32.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to classify, not to bind
        ("::ffff:8.8.8.8", False),
        ("2606:4700::1", False),
        ("", False),
        (None, False),
        ("unix", False),
    ],
)
def test_local_addresses(address: str | None, local: bool) -> None:
    assert is_local(address) is local
