"""Waits that grow, with jitter."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.resilience.backoff import STEPS, Backoff


def test_backoff_grows_to_its_last_step_with_jitter() -> None:
    low, high = Backoff(STEPS, lambda: 0.0), Backoff(STEPS, lambda: 1.0)
    assert [low.next() for _ in range(7)] == [0.5, 1, 2.5, 5, 15, 15, 15]
    assert high.next() == STEPS[0] * 1.5
    low.reset()
    assert low.next() == 0.5


def test_doubling_ends_at_the_longest() -> None:
    waits = Backoff.doubling(60, 600, lambda: 0.5)
    assert [waits.next() for _ in range(6)] == [60, 120, 240, 480, 600, 600]


def test_the_first_wait_is_the_only_one_when_it_is_the_longest() -> None:
    waits = Backoff.doubling(60, 60, lambda: 0.5)
    assert [waits.next() for _ in range(2)] == [60, 60]


@settings(max_examples=100)
@given(st.floats(0.01, 600), st.floats(0.01, 6000), st.floats(0, 1), st.floats(0, 0.5))
def test_no_wait_leaves_its_spread(
    first: float, longest: float, drawn: float, spread: float
) -> None:
    waits = Backoff.doubling(first, longest, lambda: drawn, spread=spread)
    for _ in range(20):
        assert 0 < first * (1 - spread) * 0.999 <= (wait := waits.next())
        assert wait <= max(first, longest) * (1 + spread) * 1.001
