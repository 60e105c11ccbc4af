"""Answers that a bus may still owe: its frames do not say which question they answer."""

from dataclasses import dataclass
from typing import Final

_GRACE: Final = 1.0
_LONGEST_GRACE: Final = 30.0
_MOST: Final = 32


@dataclass(frozen=True, slots=True)
class _Debt:
    unit: int
    pdu: bytes
    sent: float
    until: float


class Debts:
    """Questions that got no answer in time.

    Another question of the same function to the same unit waits until the answer that is owed has
    come or will not come any more. The same question again need not wait: the answer fits both.
    """

    def __init__(self, timeout: float) -> None:
        """Expect late answers up to a second after `timeout`, longer once one came later."""
        self._timeout = timeout
        self._grace = min(timeout, _GRACE)
        self._debts: list[_Debt] = []

    def __bool__(self) -> bool:
        return bool(self._debts)

    def owe(self, unit: int, pdu: bytes, sent: float) -> None:
        """Note a question that was given up."""
        self._debts.append(_Debt(unit, pdu, sent, sent + self._timeout + self._grace))
        del self._debts[:-_MOST]

    def wait(self, unit: int, pdu: bytes, now: float) -> float:
        """Return the seconds for which `pdu` must not be asked yet; 0 = it may."""
        if not self._debts:
            return 0.0
        self._debts = [debt for debt in self._debts if debt.until > now]
        return max(
            (
                debt.until - now
                for debt in self._debts
                if debt.unit == unit and debt.pdu[0] == pdu[0] and debt.pdu != pdu
            ),
            default=0.0,
        )

    def questions(self) -> list[tuple[int, int]]:
        """Return unit and function of everything that is owed."""
        return [(debt.unit, debt.pdu[0]) for debt in self._debts]

    def paid(self, unit: int, function: int, now: float) -> None:
        """Note that a late answer came; later ones are waited for as long."""
        for debt in self._debts:
            if (debt.unit, debt.pdu[0]) == (unit, function):
                self._debts.remove(debt)
                grace = 1.5 * (now - debt.sent) - self._timeout
                self._grace = min(max(self._grace, grace), _LONGEST_GRACE)
                return
