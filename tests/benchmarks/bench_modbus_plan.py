"""Measure the planner of Modbus reads and how much a device's refusals cost; print JSON."""

import json
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise

from integrations.modbus.mapping.models import Limits, Register, Table, Type
from integrations.modbus.polling.learned import Learned
from integrations.modbus.polling.planner import Read, plan
from integrations.modbus.polling.reads import spans

GAP = 8
LIMITS = Limits()


def scattered(groups: int = 40, each: int = 25) -> list[Register]:
    """Return registers of one to four words in groups far apart, some of them a few words apart."""
    draw = random.Random(1)  # noqa: S311 - the same each time
    wanted: list[Register] = []
    address = 0
    for _ in range(groups):
        address += draw.randint(20, 800)
        for _ in range(each):
            words = draw.choice((1, 1, 2, 2, 4))
            wanted.append(Register(str(address), Table.HOLDING, address, Type.UINT16, words))
            address += words + draw.choice((0, 0, 0, 1, 3, 7))
    return wanted


def fewest(wanted: list[Register]) -> int:
    """Return how few reads can be, by letting each take as much as it can."""
    reads, start, end = 0, 0, -GAP - 1
    for first, behind in spans(wanted):
        if first - end > GAP or behind - start > LIMITS.words:
            reads, start = reads + 1, first
        end = behind
    return reads


def milliseconds(action: Callable[[], object], rounds: int = 30) -> float:
    """Return the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return round(best * 1000, 2)


def learn(wanted: list[Register], illegal: set[int], limit: int) -> dict[str, int]:
    """Poll a device until it refuses nothing any more; return what that took."""
    learned = Learned(lambda: 0.5)
    asked: list[int] = []
    changes = -1
    while learned.changes != changes:
        changes = learned.changes
        waiting = deque(plan(wanted, LIMITS, learned, GAP, 0.0))
        asked.append(0)
        while waiting:
            read = waiting.popleft()
            asked[-1] += 1
            if read.count <= limit and illegal.isdisjoint(range(read.start, read.end)):
                more = learned.answered(read)
            else:
                more = learned.refused(read, wanted, 0.0)
            waiting.extendleft(reversed(more))
    return {"cycles": len(asked), "requests in the first": asked[0], "in the last": asked[-1]}


def main() -> None:
    """Measure and print."""
    wanted = scattered()
    learned = Learned()
    holes = [(a.end, b.address - 1) for a, b in pairwise(wanted) if 0 < b.address - a.end <= GAP]
    knowing = Learned()
    knowing.holes = [(Table.HOLDING, first, last) for first, last in holes]

    def make(known: Learned) -> list[Read]:
        return plan(wanted, LIMITS, known, GAP, 0.0)

    reads = make(learned)

    def note() -> None:
        for read in reads:
            learned.answered(read)

    json.dump(
        {
            "registers": len(wanted),
            "reads": len(reads),
            "fewest possible": fewest(wanted),
            "addresses read": sum(read.count for read in reads),
            "addresses wanted": sum(one.words for one in wanted),
            "plan_ms": milliseconds(lambda: make(learned)),
            f"plan_ms, {len(holes)} holes known": milliseconds(lambda: make(knowing)),
            "answers noted, us each": round(milliseconds(note) * 1000 / len(reads), 2),
            "learning": {
                "a device of 60 words a request": learn(wanted, set(), 60),
                "10 illegal registers": learn(wanted, {one.address for one in wanted[::100]}, 125),
                "every third gap illegal": learn(wanted, {first for first, _ in holes[::3]}, 125),
            },
        },
        sys.stdout,
        indent=2,
    )


if __name__ == "__main__":
    main()
