"""Load of a server from what Linux tells of itself: percent of processor, memory and disk."""

from dataclasses import dataclass

_IDLE = (3, 4)
"""Places of `idle` and `iowait` in the first line of /proc/stat (proc(5))."""
_COUNTED = 8
"""user to steal; what guests used is part of user already."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Time the processors have spent since the start, in ticks."""

    busy: int
    total: int


def ticks(text: str) -> Ticks | None:
    """Read the first line of /proc/stat; None for anything else."""
    words = text.split("\n", 1)[0].split()
    if len(words) < 5 or words[0] != "cpu":
        return None
    numbers = [_number(word) for word in words[1 : 1 + _COUNTED]]
    known = [number for number in numbers if number is not None]
    if len(known) != len(numbers):
        return None
    idle = sum(known[place] for place in _IDLE if place < len(known))
    return Ticks(sum(known) - idle, sum(known))


def cpu(before: Ticks | None, now: Ticks | None) -> float | None:
    """Return the percent of time that the processors worked between two readings.

    None without two readings, or when the counters went back as after a restart.
    """
    if before is None or now is None:
        return None
    total, busy = now.total - before.total, now.busy - before.busy
    return None if total <= 0 or not 0 <= busy <= total else 100 * busy / total


def memory(text: str) -> float | None:
    """Return the percent of memory that nobody could have, from /proc/meminfo.

    Kernels before 3.14 do not tell MemAvailable; there free, buffers and cached count instead.
    """
    found: dict[str, int] = {}
    for line in text.splitlines()[:100]:
        name, _, value = line.partition(":")
        words = value.split()
        if words and (number := _number(words[0])) is not None:
            found[name.strip()] = number
    total, available = found.get("MemTotal"), found.get("MemAvailable")
    if available is None and "MemFree" in found:
        available = sum(found.get(name, 0) for name in ("MemFree", "Buffers", "Cached"))
    if not total or available is None or available > total:
        return None
    return 100 * (total - available) / total


def disk(text: str) -> float | None:
    """Return the percent of a file system that is used, from the last line of `df -P -k`.

    As df counts it: what is kept for root belongs to neither part.
    """
    lines = text.strip().splitlines()
    words = lines[-1].split() if lines else []
    places = [index for index, word in enumerate(words) if word.endswith("%")]
    if not places or places[0] < 3:
        return None
    used, free = (_number(word) for word in words[places[0] - 2 : places[0]])
    return None if used is None or free is None or not used + free else 100 * used / (used + free)


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= 20 else None
