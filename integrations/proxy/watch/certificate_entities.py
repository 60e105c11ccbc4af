"""What a `proxy.certificate` shows: how long it is good for, and when it is renewed."""

from collections.abc import Mapping
from typing import Any, Final

from hub.sdk import Entity, StateClass
from integrations.proxy.watch.certificate import CertificateWatch
from integrations.proxy.watch.entity import (
    Figure,
    Room,
    device_of,
    entities,
    moment,
    rounded,
    text,
)


def certificate_entities(room: Room, watch: CertificateWatch, name: str) -> list[Entity]:
    """Return the entities of a certificate."""
    return entities(room, watch, device_of(watch.id, name, "Certificate"), FIGURES)


def _who(_room: Room, watch: CertificateWatch) -> Mapping[str, Any]:
    issued = watch.issued
    return {"issuer": issued.issuer, "serial": issued.serial}


def _days(room: Room, watch: CertificateWatch) -> float | None:
    return rounded(watch.issued.days_left(room.hub.clock.time()))


def _why(_room: Room, watch: CertificateWatch) -> Mapping[str, Any]:
    issued = watch.issued
    return {"error": issued.error, "not_after": text(issued.not_after)}


FIGURES: Final[tuple[Figure[CertificateWatch], ...]] = (
    Figure(
        key="expiry",
        name="Expiry",
        value=lambda _room, watch: moment(watch.issued.not_after),
        attributes=_who,
        device_class="timestamp",
    ),
    Figure(
        key="days_left",
        name="Days left",
        value=_days,
        device_class="duration",
        unit="d",
        state_class=StateClass.MEASUREMENT,
        precision=0,
    ),
    Figure(
        key="next_renewal",
        name="Next renewal",
        value=lambda _room, watch: moment(watch.issued.next_renewal),
        device_class="timestamp",
    ),
    Figure(
        key="problem",
        name="Problem",
        value=lambda room, watch: watch.issued.is_problem(room.hub.clock.time()),
        attributes=_why,
        flag=True,
        device_class="problem",
    ),
)
