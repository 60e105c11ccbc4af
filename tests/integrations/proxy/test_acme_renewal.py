"""When certificates are renewed, and how far apart attempts lie: tables of times."""

import pytest

from integrations.proxy.acme import renewal
from integrations.proxy.acme.ari import Window, joined, window
from integrations.proxy.acme.ledger import HOUR, LIMITS, MAX_SUBJECTS, WEEK, Ledger
from integrations.proxy.acme.renewal import Life, chance, due, urgent

DAY = 86400.0
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("days", "least", "most"),
    [
        (90, 60, 61.8),
        (64, 42.66, 43.95),
        (45, 30, 30.9),
        (10, 6.66, 6.87),
        (9.99, 4.99, 5.2),
        (6, 3, 3.12),
        (1, 0.5, 0.52),
    ],
)
def test_without_renewal_information_a_share_of_the_life_counts(
    days: float, least: float, most: float
) -> None:
    moments = [due(Life(NOW, NOW + days * DAY), f"serial-{n}") for n in range(200)]
    assert {item.why for item in moments} == {"fraction"}
    ages = [(item.at - NOW) / DAY for item in moments]
    assert least <= min(ages) < max(ages) <= most
    assert len(set(ages)) > 190  # they do not all come at once


def test_a_certificate_keeps_its_moment() -> None:
    life = Life(NOW, NOW + 90 * DAY)
    assert due(life, "one") == due(life, "one")
    assert due(life, "one") != due(life, "two")


def test_the_window_of_the_ca_counts() -> None:
    life = Life(NOW, NOW + 90 * DAY)
    suggested = Window(NOW + 10 * DAY, NOW + 12 * DAY, NOW)
    moments = [due(life, str(n), suggested) for n in range(200)]
    assert {item.why for item in moments} == {"ari"}
    ages = [(item.at - NOW) / DAY for item in moments]
    assert 10 <= min(ages) < 10.1
    assert 11.9 < max(ages) < 12
    assert due(life, "x", suggested) == due(life, "x", suggested)


def test_a_window_in_the_past_is_due_at_once_and_one_too_late_is_not_waited_for() -> None:
    life = Life(NOW, NOW + 60 * DAY)
    assert due(life, "x", Window(NOW - 2 * DAY, NOW - DAY, NOW)).at < NOW
    late = due(life, "x", Window(NOW + 70 * DAY, NOW + 80 * DAY, NOW))
    assert late.at == NOW + 50 * DAY


def test_a_new_certificate_that_is_old_on_paper_is_not_renewed_at_once() -> None:
    """A clock that is ahead of the CA's, or a CA that dates back, makes no storm of orders."""
    life = Life(NOW - 4 * DAY, NOW + 2 * DAY, since=NOW)
    assert due(life, "x").at >= NOW + DAY
    assert due(Life(NOW, NOW + DAY, since=NOW + 5 * DAY), "x").at >= NOW + DAY


@pytest.mark.parametrize(("left", "expected"), [(16, False), (14.9, True), (-1, True)])
def test_less_than_a_sixth_left_is_urgent(left: float, expected: bool) -> None:
    life = Life(NOW, NOW + 90 * DAY)
    assert urgent(life, NOW + (90 - left) * DAY) is expected


def test_failures_are_repeated_at_growing_distances() -> None:
    found = [renewal.distance(n, "") for n in range(12)]
    assert found[0] == 0
    assert found[:8] == sorted(found[:8])
    assert 900 <= found[1] <= 990
    assert 1800 <= found[2] <= 1980
    assert renewal.LONGEST_DISTANCE <= found[11] <= renewal.LONGEST_DISTANCE * 1.1
    assert renewal.distance(1000, "x") <= renewal.LONGEST_DISTANCE * 1.1
    assert renewal.distance(1000, "x", is_urgent=True) <= renewal.LONGEST_URGENT * 1.1
    assert 60 <= renewal.distance(1, "x", away=True) <= 66
    assert renewal.distance(50, "x", away=True) <= 3600 * 1.1


def test_attempts_alone_never_reach_the_limit_of_failed_validations() -> None:
    for seed in map(str, range(50)):
        at, attempts = 0.0, []
        for failure in range(1, 40):
            attempts.append(at)
            at += renewal.distance(failure, seed)
        for begin in attempts:
            within = [x for x in attempts if begin <= x < begin + HOUR]
            assert len(within) < LIMITS["failure"].count


def test_chances_lie_between_0_and_1() -> None:
    found = [chance("seed", float(n)) for n in range(1000)]
    assert 0 <= min(found) < 0.02
    assert 0.98 < max(found) < 1
    assert sum(found) / 1000 == pytest.approx(0.5, abs=0.05)


# --- renewal information


def test_the_id_of_the_rfc() -> None:
    """RFC 9773 section 4.1, its own example."""
    key = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    assert joined(key, 0x87654321) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
    assert joined(key, 0x07654321).endswith(".B2VDIQ")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (
            {"suggestedWindow": {"start": "2027-01-15T08:00:00Z", "end": "2027-01-17T08:00:00Z"}},
            (1_800_000_000.0, 1_800_172_800.0),
        ),
        (
            {
                "suggestedWindow": {
                    "start": "2027-01-15T10:00:00.5+02:00",
                    "end": "2027-01-17T08:00:00Z",
                }
            },
            (1_800_000_000.5, 1_800_172_800.0),
        ),
        ({"suggestedWindow": {"start": "2027-01-17T08:00:00Z", "end": "2027-01-15T08:00:00Z"}}, 0),
        ({"suggestedWindow": {"start": "2027-01-15T08:00:00", "end": "2027-01-17T08:00:00"}}, 0),
        ({"suggestedWindow": {"start": "soon", "end": 7}}, 0),
        ({"suggestedWindow": []}, 0),
        ({}, 0),
        (None, 0),
    ],
)
def test_windows_are_read_or_left(data: object, found: tuple[float, float] | int) -> None:
    read = window(data, None, NOW)
    assert (0 if read is None else (read.start, read.end)) == found


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 6 * HOUR), (1.0, 60), (7200.0, 7200), (1e9, 6 * HOUR)]
)
def test_the_next_look_is_never_more_than_six_hours_away(
    asked: float | None, seconds: float
) -> None:
    data = {"suggestedWindow": {"start": "2027-01-15T08:00:00Z", "end": "2027-01-17T08:00:00Z"}}
    read = window({**data, "explanationURL": "https://ca.test/why"}, asked, NOW)
    assert read is not None
    assert read.check_at == NOW + seconds
    assert read.url == "https://ca.test/why"


# --- limits


def test_a_name_that_failed_too_often_waits_and_others_do_not() -> None:
    ledger = Ledger()
    for n in range(4):
        assert ledger.wait(["a.test", "b.test"], NOW + n) is None
        ledger.failed(["a.test"], NOW + n)
    wait = ledger.wait(["b.test", "a.test"], NOW + 10)
    assert wait is not None
    assert wait.until == NOW + HOUR
    assert "4 failed validations of a.test within 1 h" in wait.why
    assert ledger.wait(["b.test"], NOW + 10) is None
    assert ledger.wait(["a.test"], NOW + HOUR) is None


def test_orders_of_all_certificates_count_together() -> None:
    ledger = Ledger()
    for n in range(LIMITS["order"].count):
        assert ledger.wait([f"n{n}.test"], NOW + n) is None
        ledger.ordered(NOW + n)
    wait = ledger.wait(["fresh.test"], NOW + 100)
    assert wait is not None
    assert wait.until == NOW + HOUR
    assert ledger.wait(["fresh.test"], NOW + HOUR + 0.5) is None


def test_the_same_names_are_not_issued_without_end() -> None:
    ledger = Ledger()
    for n in range(4):
        assert ledger.wait(["b.test", "a.test"], NOW + n) is None
        ledger.issued(["a.test", "b.test"], NOW + n)
    assert ledger.wait(["b.test", "a.test"], NOW + DAY) is not None
    assert ledger.wait(["b.test"], NOW + DAY) is None
    assert ledger.wait(["b.test", "a.test"], NOW + WEEK + 1) is None


def test_what_the_ca_says_counts_for_all_or_for_a_name() -> None:
    ledger = Ledger()
    ledger.block(["a.test"], 100, "rateLimited: a.test", NOW)
    assert ledger.wait(["b.test"], NOW) is None
    wait = ledger.wait(["a.test", "b.test"], NOW)
    assert wait is not None
    assert (wait.until, wait.why) == (NOW + 100, "rateLimited: a.test")
    ledger.block([], 1000, "rateLimited", NOW)
    wait = ledger.wait(["b.test"], NOW)
    assert wait is not None
    assert wait.until == NOW + 1000
    ledger.block([], 10, "sooner", NOW)
    assert ledger.wait(["b.test"], NOW + 999) is not None
    ledger.block([], 1e12, "for ever", NOW)
    wait = ledger.wait(["b.test"], NOW)
    assert wait is not None
    assert wait.until == NOW + WEEK


def test_a_ledger_survives_and_stays_small() -> None:
    ledger = Ledger()
    ledger.failed(["a.test"], NOW)
    ledger.ordered(NOW)
    ledger.issued(["a.test"], NOW)
    ledger.block(["a.test"], 50, "why", NOW)
    again = Ledger.from_dict(ledger.as_dict())
    assert again == ledger
    assert again.as_dict() == ledger.as_dict()
    ledger.failed([f"n{n}.test" for n in range(MAX_SUBJECTS + 50)], NOW + 1)
    assert len(ledger.entries) == MAX_SUBJECTS
    assert "failure:a.test" not in ledger.entries
    ledger.prune(NOW + WEEK + 2)
    assert (ledger.entries, ledger.blocks) == ({}, {})


def test_a_clock_that_is_set_back_does_not_block_for_ever() -> None:
    ledger = Ledger()
    for n in range(4):
        ledger.failed(["a.test"], NOW + 365 * DAY + n)
    wait = ledger.wait(["a.test"], NOW)
    assert wait is not None
    assert wait.until <= NOW + HOUR
