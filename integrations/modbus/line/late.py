"""Answers that a bus may still owe: its frames do not say which question they answer.

Devices answer in order. So an answer that can not be one of those that are owed shows that none of
them will come any more; where the next question could not be told from one that ran out of time,
another is asked before it that can.
"""

from dataclasses import dataclass
from typing import Final

from integrations.modbus.line.questions import MOST_BITS, MOST_WORDS, size_of_answer

_GRACE: Final = 1.0
_HORIZON: Final = 60.0
_MOST: Final = 32
_WRITES: Final = frozenset({5, 6, 15, 16, 22})

Shape = tuple[int, int | bytes | None]


@dataclass(frozen=True, slots=True)
class _Debt:
    unit: int
    shape: Shape
    pdu: bytes
    sent: float


class Debts:
    """Questions that got no answer in time, oldest first."""

    def __init__(self, timeout: float) -> None:
        """Expect answers for `timeout` seconds; a minute later none is expected any more."""
        self._grace = timeout + min(timeout, _GRACE)
        self._horizon = timeout + _HORIZON
        self._debts: list[_Debt] = []

    def __bool__(self) -> bool:
        return bool(self._debts)

    def owe(self, unit: int, pdu: bytes, sent: float) -> None:
        """Note a question that was given up."""
        self._debts.append(_Debt(unit, _shape(pdu), pdu, sent))
        del self._debts[:-_MOST]

    def answered(self, unit: int, pdu: bytes, answer: bytes) -> None:
        """Note the answer that was taken for a question: what was owed before will not come.

        When the same question is owed, this may be its answer, and that to the newer is owed now.
        """
        alike = self._first(unit, _shape(pdu), answer)
        if alike is None:
            self._debts = [debt for debt in self._debts if debt.unit != unit]
        elif not answer[0] & 0x80:
            self._drop_before(alike)

    def came(self, unit: int, answer: bytes) -> bool:
        """Tell whether a frame pays what is owed; it and all before it are not owed any more."""
        for debt in self._debts:
            if debt.unit == unit and fits(debt.pdu, answer):
                self._drop_before(debt)
                self._debts.remove(debt)
                return True
        return False

    def first_ask(self, unit: int, pdu: bytes, now: float) -> bytes | None:
        """Return what is to be asked before a read so that its answer is known; None = nothing."""
        self._debts = [debt for debt in self._debts if debt.sent + self._horizon > now]
        if pdu[0] > 4 or not self._confusable(unit, pdu):
            return None
        owed = {debt.shape for debt in self._debts if debt.unit == unit}
        start, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        most, step = (MOST_BITS, 8) if pdu[0] <= 2 else (MOST_WORDS, 1)
        most = min(most, 0x10000 - start)
        fewer, more = range(count - step, 0, -step), range(count + step, most + 1, step)
        for other in (*fewer, *more):
            question: bytes = pdu[:3] + other.to_bytes(2, "big")
            if _shape(question) not in owed:
                return question
        return None

    def wait(self, unit: int, pdu: bytes, now: float) -> float:
        """Return the seconds until a question's answer is most likely its own."""
        sent = [debt.sent for debt in self._confusable(unit, pdu)]
        return max(0.0, max(sent, default=now - self._grace) + self._grace - now)

    def questions(self) -> list[tuple[int, int]]:
        """Return unit and function of everything that is owed."""
        return [(debt.unit, debt.shape[0]) for debt in self._debts]

    def _confusable(self, unit: int, pdu: bytes) -> list[_Debt]:
        """Return what is owed and looks like the answer to another question."""
        if pdu[0] in _WRITES:
            return []
        shape = _shape(pdu)
        return [
            debt
            for debt in self._debts
            if debt.unit == unit and debt.shape == shape and debt.pdu != pdu
        ]

    def _first(self, unit: int, shape: Shape, answer: bytes) -> _Debt | None:
        """Return the oldest debt that an answer could have been for."""
        refused = answer[0] & 0x80
        for debt in self._debts:
            same = debt.shape[0] == shape[0] if refused else debt.shape == shape
            if debt.unit == unit and same:
                return debt
        return None

    def _drop_before(self, kept: _Debt) -> None:
        index = self._debts.index(kept)
        self._debts = [
            debt for debt in self._debts[:index] if debt.unit != kept.unit
        ] + self._debts[index:]


def fits(question: bytes, answer: bytes) -> bool:
    """Tell whether a frame can be the answer to a question of the same function."""
    if answer[0] == question[0] | 0x80:
        return len(answer) == 2
    if answer[0] != question[0]:
        return False
    if question[0] in _WRITES:
        return answer[1:3] == question[1:3]
    size = size_of_answer(question)
    return size is None or len(answer) == size


def _shape(pdu: bytes) -> Shape:
    """Return what an answer shows of its question: the length of a read, the address of a write."""
    return (pdu[0], pdu[1:3] if pdu[0] in _WRITES else size_of_answer(pdu))
