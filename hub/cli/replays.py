"""Replays on the command line: their times, a text to try, and what comes of it side by side."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from hub.cli.errors import USAGE, CliError
from hub.cli.output import clean, paint, when

if TYPE_CHECKING:
    from pathlib import Path

    from hub.cli.client import Client

SECONDS: Final = 120.0
"""How long the hub may work on a replay."""

UNITS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 604800}

Places = Callable[[str], str]
"""Takes the dotted path of a field and returns `file:line`."""


def moment(text: str, now: datetime | None = None) -> tuple[str, str | None]:
    """Return a time of the command line as ISO, and the end that it means (`yesterday`)."""
    now = (datetime.now().astimezone() if now is None else now).replace(microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0)
    if text == "now":
        return now.isoformat(), None
    if text == "today":
        return midnight.isoformat(), None
    if text == "yesterday":
        before = (midnight - timedelta(hours=12)).replace(hour=0)
        return before.isoformat(), midnight.isoformat()
    try:
        if text[:-1].isdecimal() and text[-1:] in UNITS:
            return (now - timedelta(seconds=int(text[:-1]) * UNITS[text[-1]])).isoformat(), None
        return datetime.fromisoformat(text).astimezone().isoformat(), None
    except (ValueError, OverflowError, OSError):
        raise CliError(
            f"{clean(text)!r} is not a time",
            "write yesterday, today, 24h, 7d, or a time such as 2026-01-15T22:00",
            status=USAGE,
        ) from None


def automation_in(file: "Path", names: set[str]) -> tuple[dict[str, Any], Places]:
    """Return the automation in a file, of several the one that has one of these names.

    Raises `CliError` (status 2).
    """
    from hub.config import loader

    loaded = loader.load(file)
    if loaded.problems:
        raise CliError("\n".join(map(str, loaded.problems)), status=USAGE)
    value, keys = loaded.value, tuple[Any, ...]()
    if isinstance(value, dict) and set(value) == {"automation"}:
        value, keys = value["automation"], ("automation",)
    if isinstance(value, list):
        found = [
            number
            for number, item in enumerate(value)
            if len(value) == 1
            or (isinstance(item, dict) and {str(item.get(key)) for key in ("id", "alias")} & names)
        ]
        if len(found) != 1:
            count = _counted(len(value), "automation")
            raise CliError(
                f"{file}: holds {count}, and {len(found) or 'none'} of this name",
                "leave one in the file, or give it the `id` of the automation",
                status=USAGE,
            )
        value, keys = value[found[0]], (*keys, found[0])
    if not isinstance(value, dict):
        raise CliError(f"{file}: expected the text of an automation", status=USAGE)
    places = {
        ".".join(map(str, at[len(keys) :])): place
        for at, place in loaded.places.items()
        if at[: len(keys)] == keys
    }

    def where(path: str) -> str:
        while path and path not in places:
            path = path.rpartition(".")[0]
        place, line = places.get(path, (str(file), 1))
        return f"{place}:{line}"

    plain = json.loads(json.dumps(value, default=str))  # YAML has dates, the wire has not
    return plain, where


def ask(client: "Client", body: Mapping[str, Any], where: Places | None) -> dict[str, Any]:
    """Ask for a replay; mistakes in a text to try are told with their lines (status 2)."""
    from hub.cli.client import refuse

    answer = client.exchange("POST", "/api/automation/replay", body, seconds=SECONDS)
    if answer.status == 400 and where is not None:
        told = answer.json()
        if told.get("code") == "invalid_spec":
            lines = [
                f"{where(item['path'])}: {item['path'] or 'automation'}: {item['message']}"
                for item in told["problems"]
            ]
            raise CliError("\n".join(lines), status=USAGE)
    if not 200 <= answer.status < 300:
        refuse(answer, client.way)
    found: dict[str, Any] = answer.json()
    return found


def side_by_side(found: Mapping[str, Any]) -> list[str]:
    """Return what would have happened on the left, what did on the right, by time."""
    left = [(run["time"], _would(run), run["calls"]) for run in found["runs"]]
    right = [(item["time"], item["source"] or "by hand") for item in found["recorded"]]
    width = max([len(text) for _, text, _ in left] + [len("WOULD HAVE")])
    lines = [paint(f"{'TIME':<19}  {'WOULD HAVE':<{width}}  DID", "bold")]
    while left or right:
        together = left and right and abs(left[0][0] - right[0][0]) < 1
        if left and (together or not right or left[0][0] <= right[0][0]):
            time, text, calls = left.pop(0)
            did = clean(right.pop(0)[1]) if together else "-"
            lines.append(f"{when(time)}  {clean(text):<{width}}  {did}")
            lines += [clean(f"{'':<21}  {_calls(call)}") for call in calls]
        else:
            time, text = right.pop(0)
            lines.append(f"{when(time)}  {'-':<{width}}  {clean(text)}")
    ran = len([run for run in found["runs"] if run["conditions"]])
    were, states = len(found["recorded"]), found["states"]
    lines.append("")
    lines.append(
        f"{when(found['start'])} to {when(found['end'])}: {_counted(ran, 'run')} would have been, "
        f"{were} {'was' if were == 1 else 'were'}; {_counted(states, 'change')} "
        f"{'was' if states == 1 else 'were'} played"
    )
    return [*lines, *(clean(f"note: {text}") for text in found["notes"])]


def short(value: Any) -> str:
    """Return a value in a part of a line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:117] + "..."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _would(run: Mapping[str, Any]) -> str:
    how = run["execution"]
    ended = "" if how == "finished" else f" [{how}]"
    return f"{run['trigger'] or 'trigger'}{ended}"


def _calls(call: Mapping[str, Any]) -> str:
    where = ",".join(str(item) for ids in call["target"].values() for item in ids)
    data = " ".join(f"{key}={short(value)}" for key, value in call["data"].items())
    return " ".join(part for part in (f"{call['domain']}.{call['service']}", where, data) if part)
