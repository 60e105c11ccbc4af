"""The page of nginx's stub_status module (nginx.org/en/docs/http/ngx_http_stub_status_module)."""

import re
from dataclasses import dataclass
from typing import Final

_PAGE: Final = re.compile(
    r"\s*Active connections:\s*(\d{1,18})\s*"
    r"server accepts handled requests\s+(\d{1,18})\s+(\d{1,18})\s+(\d{1,18})\s*"
    r"Reading:\s*(\d{1,18})\s+Writing:\s*(\d{1,18})\s+Waiting:\s*(\d{1,18})\s*"
)

OWN_REQUESTS: Final = 1
"""Requests that one look makes by itself: it asks for this page."""


@dataclass(frozen=True, slots=True)
class Stub:
    """Connections now, and what was counted since nginx was started."""

    active: int
    accepted: int
    handled: int
    requests: int
    reading: int
    writing: int
    waiting: int


def parse(page: str) -> Stub | None:
    """Read the page; None for anything else, such as an error page or a part of it."""
    found = _PAGE.fullmatch(page)
    return None if found is None else Stub(*map(int, found.groups()))


def rate(before: Stub | None, now: Stub | None, seconds: float) -> float | None:
    """Return requests per second between two pages, without the looks themselves.

    None when one is missing, no time has passed or nginx was started anew in between.
    """
    if before is None or now is None or seconds <= 0 or now.requests < before.requests:
        return None
    return max(0, now.requests - before.requests - OWN_REQUESTS) / seconds
