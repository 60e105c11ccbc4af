"""What is done for a certificate, by what was found: no hub, no server, no CA."""

from typing import Any

import pytest

from hub.errors import Unavailable
from hub.resources import Condition, Desired
from integrations.proxy.acme import planning
from integrations.proxy.acme.ari import Window
from integrations.proxy.acme.attempts import Attempts, Failure
from integrations.proxy.acme.chain import Facts
from integrations.proxy.acme.http import NotReady
from integrations.proxy.acme.issuing import Held
from integrations.proxy.acme.ledger import Wait
from integrations.proxy.acme.planning import Observed
from integrations.proxy.acme.wanted import wanted
from integrations.proxy.pairs import Pending, Record, Version
from integrations.proxy.schema import CERTIFICATE

NOW = 1_800_000_000.0
DAY = 86400.0
SPEC: dict[str, Any] = CERTIFICATE({"domain_names": ["a.test"], "acme": {}})
PRINT = wanted(SPEC).fingerprint


def desired(spec: dict[str, Any] = SPEC, *, deleting: bool = False) -> Desired:
    return Desired("proxy.certificate", "one", spec, 1, deleting)


def version(number: int = 1, age: float = 0, days: float = 90, wanted: str = PRINT) -> Version:
    begin = NOW - age * DAY
    facts = Facts(f"A{number}", begin, begin + days * DAY, "CN=CA", ("a.test",), f"id.{number}")
    return Version(number, "chain", "key", facts, begin, wanted)


def seen(*versions: Version, proved: int | None = None, **more: Any) -> Observed:
    pending = more.pop("pending", None)
    return Observed(Record(versions, proved, pending), NOW, **more)


def failure(retry_at: float, wanted: str = PRINT) -> Attempts:
    return Attempts(Failure(wanted, NOW, 1, retry_at, "the CA said no", [{"type": "x"}]))


def actions(observed: Observed, spec: dict[str, Any] = SPEC) -> list[str]:
    return [step.action for step in planning.steps(desired(spec), observed)]


def test_first_it_is_issued_then_deployed_in_one_go() -> None:
    assert actions(seen()) == ["issue"]
    assert actions(seen(served={"web": 0})) == ["issue", "deploy"]


def test_what_is_issued_is_only_deployed() -> None:
    assert actions(seen(version(), served={"web": 0, "two": 1})) == ["deploy"]
    steps = planning.steps(desired(), seen(version(), served={"web": 0, "two": 1}))
    assert steps[0].target == "web"


def test_what_every_server_has_is_seen_served_once() -> None:
    assert actions(seen(version(), served={"web": 1})) == ["deploy"]
    assert actions(seen(version(), served={"web": 1}, proved=1)) == []
    assert actions(seen(version())) == []  # nobody uses it yet


@pytest.mark.parametrize(
    ("age", "days", "expected"),
    [(59, 90, []), (62, 90, ["renew"]), (2.9, 6, []), (3.2, 6, ["renew"]), (100, 90, ["renew"])],
)
def test_it_is_renewed_in_time(age: float, days: float, expected: list[str]) -> None:
    assert actions(seen(version(1, age, days), proved=1)) == expected


def test_a_renewal_says_why_and_what_it_replaces() -> None:
    observed = seen(version(1, 70), served={"web": 1}, proved=1)
    renew, deploy = planning.steps(desired(), observed)
    assert renew.data == {"replaces": "id.1"}
    assert renew.before == "A1"
    assert "ends 20" in renew.summary
    assert deploy.action == "deploy"


def test_the_window_of_the_ca_comes_first() -> None:
    window = Window(NOW - 2 * DAY, NOW - DAY, NOW, "https://ca.test/why")
    attempts = Attempts(window=window, window_of="A1")
    observed = seen(version(1, 5), proved=1, attempts=attempts)
    (step,) = planning.steps(desired(), observed)
    assert "the CA suggests it" in step.summary
    assert planning.facts(desired(), observed)["renewal_url"] == "https://ca.test/why"
    stale = Attempts(window=window, window_of="another")
    assert actions(seen(version(1, 5), proved=1, attempts=stale)) == []


def test_somebody_may_ask_for_it() -> None:
    assert actions(seen(version(2, 5), proved=2, attempts=Attempts(asked=2))) == ["renew"]
    assert actions(seen(version(3, 5), proved=3, attempts=Attempts(asked=2))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"domain_names": ["a.test", "b.test"]},
        {"acme": {"key_type": "rsa-2048"}},
        {"acme": {"directory": "https://ca.test/dir"}},
        {"acme": {"profile": "shortlived"}},
    ],
)
def test_another_wish_needs_another_certificate(change: dict[str, Any]) -> None:
    spec = CERTIFICATE({"domain_names": ["a.test"], "acme": {}, **change})
    assert actions(seen(version(), served={"web": 1}, proved=1), spec) == ["issue", "deploy"]


@pytest.mark.parametrize(
    "change",
    [
        {"domain_names": ["A.test"]},
        {"acme": {"email": "me@example.com"}},
        {"name": "My site"},
        {"servers": ["web"]},
        {"acme": {"challenge": "dns-01", "dns": {"provider": "hook", "script": "x.sh"}}},
    ],
)
def test_another_way_needs_none(change: dict[str, Any]) -> None:
    spec = CERTIFICATE({"domain_names": ["a.test"], "acme": {}, **change})
    assert actions(seen(version(), served={"web": 1}, proved=1), spec) == []


# --- what keeps the CA from being asked


def test_a_refusal_is_told_until_it_may_be_tried_again() -> None:
    with pytest.raises(Held, match=r"the CA said no; tried again at 20\d\d-\d\d-\d\d") as caught:
        actions(seen(attempts=failure(NOW + 900)))
    assert caught.value.until == NOW + 900
    assert actions(seen(attempts=failure(NOW - 1))) == ["issue"]


def test_a_changed_spec_is_tried_at_once() -> None:
    assert actions(seen(attempts=failure(NOW + 900, wanted="another"))) == ["issue"]


def test_limits_hold_what_no_failure_holds() -> None:
    with pytest.raises(Held, match="90 new orders") as caught:
        actions(seen(wait=Wait(NOW + 50, "90 new orders within 1 h")))
    assert caught.value.until == NOW + 50
    with pytest.raises(Held, match="the CA said no; 90 new orders"):
        actions(seen(attempts=failure(NOW + 40), wait=Wait(NOW + 50, "90 new orders")))


def test_an_order_that_was_begun_may_go_on() -> None:
    pending = Pending(PRINT, "key", "https://ca.test/order/1")
    assert actions(seen(pending=pending, wait=Wait(NOW + 50, "limit"))) == ["issue"]


def test_a_held_renewal_does_not_keep_the_present_pair_from_servers() -> None:
    observed = seen(
        version(1, 70), served={"web": 1, "new": 0}, proved=1, attempts=failure(NOW + 900)
    )
    assert actions(observed) == ["deploy"]
    with pytest.raises(Held):
        actions(seen(version(1, 70), served={"web": 1}, proved=1, attempts=failure(NOW + 900)))


def test_names_that_nobody_serves_cost_no_order() -> None:
    with pytest.raises(NotReady, match=r"no server serves a\.test yet; add a host"):
        actions(seen(unserved=["a.test"]))


def test_a_server_that_is_away_is_waited_for() -> None:
    with pytest.raises(Unavailable, match="two: no way"):
        actions(seen(version(), served={"web": 1}, proved=1, errors={"two": "no way"}))
    assert actions(seen(version(), served={"web": 0}, errors={"two": "no way"})) == ["deploy"]
    # one that had the newest when it was seen last is fine
    fine = seen(version(), served={"web": 1, "two": 1}, proved=1, errors={"two": "no way"})
    assert actions(fine) == []


def test_what_is_deleted_needs_nothing() -> None:
    observed = seen(version(), served={"web": 1})
    gone = desired(deleting=True)
    assert planning.steps(gone, observed) == []
    assert planning.conditions(gone, observed) == []
    assert planning.facts(gone, observed) == {}


# --- uploads

CUSTOM: dict[str, Any] = CERTIFICATE(
    {
        "domain_names": ["a.test"],
        "provider": "custom",
        "certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "certificate_key": "k" * 60,
    }
)


def test_an_upload_is_taken_over_and_never_renewed() -> None:
    assert actions(seen(served={"web": 0}), CUSTOM) == ["upload", "deploy"]
    mine = wanted(CUSTOM).fingerprint
    old = seen(version(1, 89, wanted=mine), served={"web": 1}, proved=1)
    assert actions(old, CUSTOM) == []
    told = conditions(old, CUSTOM)
    assert (told["renewal"].status, told["renewal"].reason) == (False, "ends_soon")
    assert planning.facts(desired(CUSTOM), old)["next_renewal"] is None
    other = CERTIFICATE({**CUSTOM, "certificate_key": "l" * 60})
    assert actions(old, other) == ["upload", "deploy"]


# --- what is told


def conditions(observed: Observed, spec: dict[str, Any] = SPEC) -> dict[str, Condition]:
    return {item.type: item for item in planning.conditions(desired(spec), observed)}


def test_conditions_of_a_healthy_one() -> None:
    found = conditions(seen(version(), served={"web": 1}, proved=1))
    assert {name: item.status for name, item in found.items()} == {
        "issued": True,
        "valid": True,
        "renewal": True,
        "served": True,
    }


def test_conditions_before_the_first() -> None:
    found = conditions(seen(attempts=failure(NOW + 9)))
    assert list(found) == ["issued"]
    assert (found["issued"].status, found["issued"].message) == (False, "the CA said no")


def test_a_failing_renewal_is_told_and_becomes_urgent() -> None:
    found = conditions(seen(version(1, 70), attempts=failure(NOW + 9)))
    assert found["renewal"].reason == "failing"
    assert found["valid"].status is True
    found = conditions(seen(version(1, 76), attempts=failure(NOW + 9)))
    assert found["renewal"].reason == "ends_soon"
    assert found["renewal"].message == "the CA said no"
    found = conditions(seen(version(1, 91), attempts=failure(NOW + 9)))
    assert found["valid"].reason == "expired"


def test_what_is_not_known_is_not_told_as_served() -> None:
    assert conditions(seen(version(), errors={"two": "away"}))["served"].status is None
    behind = conditions(seen(version(2), served={"web": 1}, errors={"two": "away"}))["served"]
    assert (behind.status, behind.message) == (False, "not yet on web")


def test_facts() -> None:
    observed = seen(version(3, 10), served={"web": 3}, attempts=failure(NOW + 900), proved=3)
    found = planning.facts(desired(), observed)
    assert found["serial"] == "A3"
    assert found["version"] == 3
    assert found["not_after"] == NOW + 80 * DAY
    assert found["issuer"] == "CN=CA"
    assert found["names"] == ["a.test"]
    assert 50 * DAY <= found["next_renewal"] - NOW <= 52 * DAY
    assert found["servers"] == {"web": 3}
    assert found["last_error"] == {
        "at": NOW,
        "message": "the CA said no",
        "problems": [{"type": "x"}],
        "failures": 1,
    }
    assert found["next_attempt"] is None  # nothing is due
    none = planning.facts(desired(), seen(attempts=failure(NOW + 900)))
    assert none["serial"] is None
    assert none["next_attempt"] == NOW + 900
