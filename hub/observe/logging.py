"""The log: one line per message on standard error, with time unless a journal adds it."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

_PLAIN: Final = "%(levelname)s %(name)s: %(message)s"
_TIMED: Final = "%(asctime)s.%(msecs)03d " + _PLAIN
_LOUD: Final = {"aiohttp.access": "warning", "aiosqlite": "info", "alembic": "warning"}
"""Libraries that say at our level what we would say one level below."""


def setup(level: str = "info", levels: Mapping[str, str] | None = None) -> None:
    """Write the log to standard error; `levels` sets the least level of single names.

    May be called again: the last call wins.
    """
    form = _PLAIN if "JOURNAL_STREAM" in os.environ else _TIMED
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(form, "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in {**_LOUD, **(levels or {})}.items():
        logging.getLogger(name).setLevel(least.upper())
