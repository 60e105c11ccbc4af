"""Measure the Modbus master; each figure is one line of JSON.

Run `python tests/benchmarks/bench_modbus.py [NAME ...]`; without names all figures are measured.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from integrations.modbus.mapping import codec, library
from integrations.modbus.mapping.compile import definition
from integrations.modbus.mapping.compile import register as compiled

Figure = dict[str, Any]
WORDS = 120


def rate(action: Callable[[], object], count: int) -> float:
    """Return calls per second, the median of seven runs."""
    runs = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(count):
            action()
        runs.append(count / (time.perf_counter() - start))
    return statistics.median(runs)


def block(orders: dict[str, str]) -> codec.Block:
    """Return a full read of whole and broken numbers of one and two words, each with a scale."""
    fields = (
        {"type": "int16", "scale": 0.1},
        {"type": "uint16", "scale": 0.01, "precision": 1, "invalid": [0xFFFF]},
        {"type": "float32", "scale": 0.001, "precision": 3},
    )
    found, at = [], 0
    while at < WORDS:
        register = compiled(
            {"table": "holding", "first": 0, **orders}, f"r{at}", {"address": at, **fields[at % 4]}
        )
        found.append(register)
        at = register.end
    return codec.Block(found, 0, WORDS)


def values(compiled_block: codec.Block, words: list[int]) -> list[object]:
    """Decode as devices do when every word has changed."""
    raws = compiled_block.raws(words)
    return [convert(raw) for convert, raw in zip(compiled_block.convert, raws, strict=True)]


def decode() -> Figure:
    """Return registers decoded per second, in the usual order and in the opposite one."""
    words = [random.Random(1).randrange(0x3000, 0x4800) for _ in range(WORDS)]  # noqa: S311 - data
    found: Figure = {}
    for name, order in (("big", {}), ("swapped", {"word_order": "little", "byte_order": "little"})):
        made = block(order)
        per_second = rate(partial(values, made, words), 2000) * len(made.registers)
        unchanged = rate(partial(made.raws, words), 5000) * len(made.registers)
        found[f"{name}_per_s"] = round(per_second)
        found[f"{name}_unchanged_per_s"] = round(unchanged)
    return found


def load() -> Figure:
    """Return milliseconds to read, check and compile the shipped definitions."""
    found = {}
    for name in library.names():
        library.load(name)  # the first one imports YAML
        library.load.cache_clear()
        start = time.perf_counter()
        definition(library.load(name))
        found[name] = round((time.perf_counter() - start) * 1000, 2)
    return {"definitions": len(found), "slowest_ms": max(found.values()), "ms": found}


FIGURES: dict[str, Callable[[], Figure]] = {"decode": decode, "load": load}


def main() -> None:
    """Print what is asked for."""
    for name in sys.argv[1:] or FIGURES:
        print(json.dumps({name: FIGURES[name]()}), flush=True)


if __name__ == "__main__":
    main()
