"""Rent of servers, and what a certificate's status says."""

from datetime import date
from typing import Any

import pytest

from hub.resources import Phase, Status
from integrations.proxy.watch import payment
from integrations.proxy.watch.certificate import DAY, Issued
from integrations.proxy.watch.payment import Payment


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2027, 1, 1), Payment.PAID),
        (date(2027, 3, 28), Payment.PAID),
        (date(2027, 3, 29), Payment.SOON),
        (date(2027, 3, 30), Payment.SOON),
        (date(2027, 3, 31), Payment.DUE),
        (date(2027, 4, 1), Payment.OVERDUE),
        (date(2028, 1, 1), Payment.OVERDUE),
    ],
)
def test_the_day_itself_and_those_after_it_are_states(today: date, state: Payment) -> None:
    day = payment.due({"payment": {"due": "2027-03-31"}})
    assert payment.state(day, today) is state


def test_without_a_day_nothing_is_due() -> None:
    assert payment.due({}) is None
    assert payment.due({"payment": None}) is None
    assert payment.state(None, date(2027, 1, 1)) is None


def test_the_day_is_the_one_of_the_house() -> None:
    evening = 1_800_000_000.0  # 2027-01-15 08:00 UTC
    assert payment.today(evening, "UTC") == date(2027, 1, 15)
    assert payment.today(evening, "Pacific/Honolulu") == date(2027, 1, 14)
    assert payment.today(evening, "No/Where") == date(2027, 1, 15)


def issued(phase: Phase = Phase.IN_SYNC, **facts: Any) -> Issued:
    return Issued.of(Status(phase=phase, message="the CA says no", facts=facts))


def test_a_certificate_that_nobody_has_is_not_known() -> None:
    nothing = issued()
    assert nothing.days_left(0) is None
    assert nothing.is_problem(0) is None
    assert issued(Phase.FAILED).is_problem(0) is True
    assert issued(Phase.FAILED).error == "the CA says no"


def test_what_is_too_little_depends_on_the_lifetime() -> None:
    quarter = issued(not_before=0.0, not_after=90 * DAY)
    assert quarter.days_left(60 * DAY) == 30
    assert quarter.is_problem(82 * DAY) is False
    assert quarter.is_problem(84 * DAY) is True
    week = issued(not_before=0.0, not_after=6 * DAY)
    assert week.is_problem(1 * DAY) is False, "six days are its whole life"
    assert week.is_problem(5.1 * DAY) is True
    assert issued(not_after=6 * DAY).is_problem(0) is True
    assert quarter.days_left(100 * DAY) == -10
    assert quarter.is_problem(100 * DAY) is True


def test_a_failed_attempt_is_a_problem_long_before_the_end() -> None:
    failed = issued(not_before=0.0, not_after=90 * DAY, last_error={"message": "no", "at": 1.0})
    assert failed.is_problem(0) is True
    assert failed.error == "no"
