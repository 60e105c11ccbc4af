"""The services `recorder.*`: purge, forget entities, switch recording, read statistics."""

import fnmatch
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import voluptuous as vol

from hub.errors import NotSupported, ServiceValidationError, Unauthorized
from hub.recorder.resources import MAX_DAYS
from hub.recorder.statistics.periods import PERIODS
from hub.recorder.statistics.series import TYPES, Points, SeriesReader
from hub.schema import boolean, finite_float, list_of, text
from hub.schema.render import described
from hub.services import Description, Field, Response, ServiceCall
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.jobs import Job
    from hub.recorder.upkeep import Upkeep

DOMAIN: Final = "recorder"


@described(type="float", min=0, max=MAX_DAYS, unit="d")
def _days(value: object) -> float:
    number = finite_float(value)
    if not 0 <= number <= MAX_DAYS:
        raise vol.Invalid(f"expected days from 0 to {MAX_DAYS:g}")
    return number


@described(type="float", min=0.01, max=MAX_DAYS, unit="d")
def _some_days(value: object) -> float:
    number = _days(value)
    if number < 0.01:
        raise vol.Invalid("expected days from 0.01: recorder.purge_entities deletes everything")
    return number


@described(type="string")
def _moment(value: object) -> datetime:
    """Accept a time in ISO 8601, with or without an offset."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(text(value))
    except ValueError:
        raise vol.Invalid("expected a time such as 2026-11-21T08:00:00+01:00") from None


def _one_of(words: Sequence[str]) -> Any:
    return vol.In(words, msg=f"expected one of {', '.join(words)}")


_PURGE: Final = vol.Schema(
    {
        vol.Optional("keep_days"): _some_days,
        vol.Optional("repack", default=False): boolean,
        vol.Optional("apply_filter", default=False): boolean,
    }
)
_PURGE_ENTITIES: Final = vol.Schema(
    {
        vol.Optional("domains", default=list): list_of(text),
        vol.Optional("entity_globs", default=list): list_of(text),
        vol.Optional("keep_days", default=0.0): _days,
    }
)
_GET_STATISTICS: Final = vol.Schema(
    {
        vol.Required("start_time"): _moment,
        vol.Optional("end_time"): _moment,
        vol.Required("statistic_ids"): vol.All(
            list_of(text), vol.Length(min=1, msg="expected at least one statistic id")
        ),
        vol.Required("period"): _one_of(PERIODS),
        vol.Required("types"): list_of(_one_of(TYPES)),
        vol.Optional("units"): {text: text},
    }
)


class RecorderServices:
    """Registered while the recorder is switched on."""

    def __init__(self, hub: "Hub", upkeep: "Upkeep") -> None:
        """Let `upkeep` do the work."""
        self._hub = hub
        self._upkeep = upkeep
        self._ends: list[Callable[[], None]] = []

    def register(self) -> None:
        """Add the services."""
        days = {"number": {"min": 0, "max": 365, "unit_of_measurement": "d"}}
        self._add(
            "purge",
            self.purge,
            _PURGE,
            Description(
                "Purge",
                "Deletes what is too old, as a job; the answer names it.",
                {
                    "keep_days": Field(
                        days, description="Days to keep, of every entity; by policy if left out"
                    ),
                    "repack": Field(
                        {"boolean": {}},
                        description="Rewrite the database afterwards, which gives all free space "
                        "back and lets nothing be recorded meanwhile",
                    ),
                    "apply_filter": Field(
                        {"boolean": {}},
                        description="Let the present policies hold for old rows, too",
                    ),
                },
            ),
            Response.OPTIONAL,
        )
        self._add(
            "purge_entities",
            self.purge_entities,
            _PURGE_ENTITIES,
            Description(
                "Purge entities",
                "Deletes the recorded states of some entities, as a job; statistics stay.",
                {
                    "entity_id": Field(
                        {"entity": {"multiple": True}}, description="Which entities"
                    ),
                    "domains": Field({"object": {}}, description="Such as [sensor]"),
                    "entity_globs": Field({"object": {}}, description="Such as [sensor.*_power]"),
                    "keep_days": Field(days, description="Days to keep; 0 deletes everything"),
                },
            ),
            Response.OPTIONAL,
        )
        self._add("enable", self.enable, None, Description("Enable", "Records again."))
        self._add(
            "disable",
            self.disable,
            None,
            Description("Disable", "Records nothing until the hub is started again, or enabled."),
        )
        self._add(
            "get_statistics",
            self.get_statistics,
            _GET_STATISTICS,
            Description(
                "Get statistics",
                "Returns statistics of a period.",
                {
                    "start_time": Field({"datetime": {}}, required=True),
                    "end_time": Field({"datetime": {}}, description="Now if left out"),
                    "statistic_ids": Field({"text": {"multiple": True}}, required=True),
                    "period": Field({"select": {"options": list(PERIODS)}}, required=True),
                    "types": Field(
                        {"select": {"options": list(TYPES), "multiple": True}}, required=True
                    ),
                    "units": Field(
                        {"object": {}}, description="Units by class, such as {energy: kWh}"
                    ),
                },
            ),
            Response.ONLY,
            admin=False,
        )

    def remove(self) -> None:
        """Take the services away."""
        for end in self._ends:
            end()
        self._ends.clear()

    # --- the services

    async def purge(self, call: ServiceCall) -> dict[str, Any]:
        """Start the purge."""
        retention, data = self._upkeep.retention, call.data
        if data["apply_filter"] and "keep_days" in data:
            raise ServiceValidationError(
                "recorder.purge takes keep_days or apply_filter: with the latter, policies say how "
                "long rows are kept"
            )

        async def work(job: "Job") -> dict[str, Any]:
            if data["apply_filter"]:
                done = await retention.apply_policies(job)
            else:
                done = await retention.purge(job, keep_days=data.get("keep_days"))
            result = done.as_dict()
            if data["repack"]:
                await job.checkpoint()
                result["repack"] = await retention.repack(job)
            return result

        job = await self._upkeep.job("recorder.purge", work, call.context)
        return {"job_id": job.id}

    async def purge_entities(self, call: ServiceCall) -> dict[str, Any]:
        """Start the deletion."""
        data, target = call.data, call.target
        if target.device_ids or target.area_ids or target.floor_ids or target.label_ids:
            raise NotSupported("recorder.purge_entities takes entity_id, domains and entity_globs")
        if not (target.entity_ids or target.all or data["domains"] or data["entity_globs"]):
            raise ServiceValidationError(
                "recorder.purge_entities needs entity_id, domains or entity_globs"
            )
        named = set(target.entity_ids)
        domains = set(data["domains"])
        globs = re.compile("|".join(fnmatch.translate(glob) for glob in data["entity_globs"]))

        def wanted(name: str) -> bool:
            return (
                target.all
                or name in named
                or name.partition(".")[0] in domains
                or (bool(data["entity_globs"]) and globs.match(name) is not None)
            )

        async def work(job: "Job") -> dict[str, Any]:
            found = await self._upkeep.retention.named(wanted)
            job.log(f"{len(found)} entities")
            done = await self._upkeep.retention.purge_entities(found, data["keep_days"], job)
            return done.as_dict()

        job = await self._upkeep.job("recorder.purge_entities", work, call.context)
        return {"job_id": job.id}

    def enable(self, _call: ServiceCall) -> None:
        """Record again."""
        self._upkeep.enable(wanted=True)

    def disable(self, _call: ServiceCall) -> None:
        """Record nothing."""
        self._upkeep.enable(wanted=False)

    async def get_statistics(self, call: ServiceCall) -> dict[str, Any]:
        """Return `{"statistics": {id: [row]}}`; what the user may not read does not exist."""
        data = call.data
        ids = [item for item in data["statistic_ids"] if self._may_read(call, item)]
        return {"statistics": await self._read(ids, data)}

    def _may_read(self, call: ServiceCall, statistic_id: str) -> bool:
        user_id = call.context.user_id
        if user_id is None:
            return True
        user = self._hub.auth.users.get(user_id)
        if user is None:
            raise Unauthorized
        return user.rights.reads_all or user.may("read", statistic_id)

    async def _read(self, ids: list[str], data: dict[str, Any]) -> dict[str, Any]:
        """Return the points of each series that exists and has some."""
        zone = ZoneInfo(self._hub.settings.hub.time_zone)
        reader = SeriesReader(self._hub.recorder)
        start = _epoch(data["start_time"], zone)
        end = _epoch(data["end_time"], zone) if "end_time" in data else self._hub.clock.time()
        if end < start:
            raise ServiceValidationError("recorder.get_statistics: end_time is before start_time")
        found: dict[str, Any] = {}
        for series in await reader.list(ids):
            points = await reader.points(series, start, end, data["period"], data["types"], zone)
            unit = data.get("units", {}).get(series.unit_class)
            if unit is not None:
                try:
                    series.converted(points, unit)
                except ValueError as error:
                    raise ServiceValidationError(f"units: {error}") from None
            if points.starts:
                found[series.statistic_id] = _rows(points)
        return found

    def _add(
        self,
        name: str,
        handler: Any,
        schema: vol.Schema | None,
        description: Description,
        response: Response = Response.NONE,
        *,
        admin: bool = True,
    ) -> None:
        self._ends.append(
            self._hub.services.register(
                DOMAIN,
                name,
                handler,
                schema=schema,
                description=description,
                response=response,
                admin=admin,
            )
        )


def _epoch(moment: datetime, zone: ZoneInfo) -> float:
    """Return seconds since 1970; a time without an offset is the house's."""
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()


def _rows(points: Points) -> list[dict[str, Any]]:
    """Return points as rows with times in ISO 8601."""
    rows: list[dict[str, Any]] = [
        {"start": iso(start), "end": iso(end)}
        for start, end in zip(points.starts, points.ends, strict=True)
    ]
    for name, column in points.columns.items():
        for row, value in zip(rows, column, strict=True):
            row[name] = iso(value) if name == "last_reset" and value is not None else value
    return rows
