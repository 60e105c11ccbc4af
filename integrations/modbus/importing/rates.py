"""Many intervals of entities as the three that a device has."""

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Final

MOST: Final = 3


def nearest(counts: Mapping[int, int]) -> dict[int, int]:
    """Return for each interval the one that is kept: of three, as near as can be.

    `counts` says how many registers have each interval. Near is a matter of proportion: 10 s is
    as far from 20 s as 60 s from 120 s; of two that are equally far the faster is taken.
    """
    if len(counts) <= MOST:
        return {interval: interval for interval in counts}
    best = min(
        combinations(sorted(counts), MOST),
        key=lambda kept: sum(
            number * abs(math.log(interval / _near(interval, kept)))
            for interval, number in counts.items()
        ),
    )
    return {interval: _near(interval, best) for interval in counts}


def named(counts: Mapping[int, int]) -> dict[int, str]:
    """Return the rate of each of at most three intervals; the one of most registers is normal."""
    kept = sorted(counts)
    if len(kept) == MOST:
        names = ["fast", "normal", "slow"]
    elif len(kept) == 2 and counts[kept[1]] > counts[kept[0]]:
        names = ["fast", "normal"]
    else:
        names = ["normal", "slow"]
    return dict(zip(kept, names, strict=False))


def _near(interval: int, kept: tuple[int, ...]) -> int:
    return min(kept, key=lambda other: (abs(math.log(interval / other)), other))
