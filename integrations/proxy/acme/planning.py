"""What is to be done for a certificate, and what is told of it: pure, of what was observed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.sdk import Condition, Desired, HubError, Step, Unavailable
from integrations.proxy.acme import renewal
from integrations.proxy.acme.attempts import Attempts, Failure
from integrations.proxy.acme.http import unserved
from integrations.proxy.acme.issuing import Held, life
from integrations.proxy.acme.ledger import Wait
from integrations.proxy.acme.renewal import Due
from integrations.proxy.acme.wanted import Wanted, wanted
from integrations.proxy.pairs import Record, Version

ISSUE: Final = "issue"
RENEW: Final = "renew"
UPLOAD: Final = "upload"
DEPLOY: Final = "deploy"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a look found."""

    record: Record
    now: float
    attempts: Attempts = field(default_factory=Attempts)
    wait: Wait | None = None
    """What the limits of the CA say to an order now."""
    served: Mapping[str, int] = field(default_factory=dict)
    """The version on each server that uses the certificate; 0 = none yet."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Servers that could not be asked, and why."""
    unserved: Sequence[str] = ()
    """Names that HTTP-01 has to show and no server answers for."""


def steps(desired: Desired, observed: Observed) -> list[Step]:
    """Return what is to be done; raises what keeps the CA from being asked now."""
    if desired.deleting:
        return []
    want = wanted(desired.spec)
    version = observed.record.newest
    getting = _getting(want, observed)
    held = None if getting is None or want.custom else _held(want, observed)
    found = [] if getting is None or held is not None else [getting]
    # a held renewal does not keep what there is from being deployed
    if found or version is not None:
        found += _deploying(desired, observed, anew=bool(found))
    if not found and held is not None:
        raise held
    if not found and (unknown := _unknown(observed)):
        raise Unavailable("; ".join(f"{key}: {words}" for key, words in unknown.items()))
    return found


def due(want: Wanted, observed: Observed) -> Due | None:
    """Return when the newest pair is to be renewed; None = never, it is an upload."""
    version = observed.record.newest
    if version is None or want.custom:
        return None
    if observed.attempts.asked is not None and observed.attempts.asked >= version.number:
        return Due(observed.now, "asked")
    window = observed.attempts.window_for(version.facts.serial)
    return renewal.due(life(version), version.facts.serial, window)


def conditions(desired: Desired, observed: Observed) -> list[Condition]:
    """Tell whether there is a pair, whether it is valid, renewed in time, and served."""
    if desired.deleting:
        return []
    want, version = wanted(desired.spec), observed.record.newest
    failure = _failure(want, observed)
    found = [_issued(want, version, failure)]
    if version is None:
        return found
    left = version.facts.not_after - observed.now
    valid = left > 0 and version.facts.not_before <= observed.now
    found.append(Condition("valid", valid, "" if valid else "expired", f"until {_day(version)}"))
    urgent = renewal.urgent(life(version), observed.now)
    renewed = not urgent and not (failure is not None and version.wanted == want.fingerprint)
    reason = "" if renewed else "ends_soon" if urgent else "failing"
    words = failure.message if failure is not None else f"ends {_day(version)}" if urgent else ""
    found.append(Condition("renewal", renewed, reason, words))
    behind = [key for key, number in observed.served.items() if number != version.number]
    unknown = _unknown(observed)
    served = False if behind else None if unknown else True
    words = f"not yet on {', '.join(behind)}" if behind else "; ".join(
        f"{key}: {why}" for key, why in unknown.items()
    )  # fmt: skip
    found.append(Condition("served", served, "" if served else "behind", words))
    return found


def facts(desired: Desired, observed: Observed) -> dict[str, Any]:
    """Return what the status tells; times are seconds since 1970."""
    if desired.deleting:
        return {}
    want, version = wanted(desired.spec), observed.record.newest
    failure = _failure(want, observed)
    moment, held = due(want, observed), None
    if _getting(want, observed) is not None and not want.custom:
        held = _limited(want, observed)
    window = None if version is None else observed.attempts.window_for(version.facts.serial)
    return {
        "version": None if version is None else version.number,
        "serial": None if version is None else version.facts.serial,
        "not_before": None if version is None else version.facts.not_before,
        "not_after": None if version is None else version.facts.not_after,
        "issuer": None if version is None else version.facts.issuer,
        "names": list(want.names if version is None else version.facts.names),
        "provider": "custom" if want.custom else "acme",
        "next_renewal": None if moment is None else moment.at,
        "renewal_by": None if moment is None else moment.why,
        "renewal_url": None if window is None else window.url,
        "ends_soon": None if version is None else renewal.urgent(life(version), observed.now),
        "servers": dict(observed.served),
        "errors": dict(observed.errors),
        "last_error": None
        if failure is None
        else {
            "at": failure.at,
            "message": failure.message,
            "problems": failure.problems,
            "failures": failure.count,
        },
        "next_attempt": None if held is None else held.until,
    }


def _getting(want: Wanted, observed: Observed) -> Step | None:
    """Return the step that gets another pair; None = the newest is good."""
    version, names = observed.record.newest, ", ".join(want.names)
    same = version is not None and version.wanted == want.fingerprint
    if want.custom:
        return None if same else Step(UPLOAD, names, f"Take over the certificate for {names}")
    if version is None or not same:
        return Step(ISSUE, names, f"Issue a certificate for {names}")
    moment = due(want, observed)
    if moment is None or moment.at > observed.now:
        return None
    why = {
        "ari": "the CA suggests it",
        "fraction": f"it ends {_day(version)}",
        "asked": "somebody asked for it",
    }[moment.why]
    return Step(
        RENEW,
        names,
        f"Renew the certificate for {names}: {why}",
        before=version.facts.serial,
        data={"replaces": version.facts.cert_id},
    )


def _held(want: Wanted, observed: Observed) -> HubError | None:
    """Return why the CA must not be asked now."""
    return _limited(want, observed) or (unserved(observed.unserved) if observed.unserved else None)


def _limited(want: Wanted, observed: Observed) -> Held | None:
    """Return until when the CA must not be asked; an order that was begun may go on."""
    failure, wait = _failure(want, observed), observed.wait
    pending = observed.record.pending
    begun = pending is not None and pending.order is not None
    until, words = 0.0, list[str]()
    if failure is not None:
        until, words = failure.retry_at, [failure.message]
    if wait is not None and not begun and wait.until > until:
        until = wait.until
        words = [*words, wait.why] if wait.why not in words else words
    if until <= observed.now:
        return None
    return Held(f"{'; '.join(words)}; tried again at {_moment(until)}", until)


def _failure(want: Wanted, observed: Observed) -> Failure | None:
    """Return the last failure, if it was of what is wanted now."""
    failure = observed.attempts.failure
    return failure if failure is not None and failure.wanted == want.fingerprint else None


def _deploying(desired: Desired, observed: Observed, *, anew: bool) -> list[Step]:
    """Return the step that brings the newest pair to servers, and sees it served."""
    version = observed.record.newest
    number = None if version is None else version.number
    if anew:
        behind = list(observed.served)
    else:
        behind = [key for key, has in observed.served.items() if has != number]
        if not behind and observed.record.proved != number and not observed.errors:
            behind = list(observed.served)
    if not behind:
        return []
    names = f"{len(behind)} servers" if len(behind) > 3 else ", ".join(behind)
    return [Step(DEPLOY, names, f"Deploy the certificate {desired.key} to {names}")]


def _unknown(observed: Observed) -> dict[str, str]:
    """Return the servers that may not have the newest pair, for they could not be asked."""
    version = observed.record.newest
    number = None if version is None else version.number
    return {
        key: words for key, words in observed.errors.items() if observed.served.get(key) != number
    }


def _issued(want: Wanted, version: Version | None, failure: Failure | None) -> Condition:
    good = version is not None and version.wanted == want.fingerprint
    if good:
        return Condition("issued", status=True)
    words = failure.message if failure is not None else "not issued yet"
    return Condition("issued", status=False, reason="failing" if failure else "", message=words)


def _day(version: Version) -> str:
    return _moment(version.facts.not_after)


def _moment(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
