"""What can be seen of the recorder: health, metrics, diagnostics and four entities."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from hub.entities.entity import Entity, EntityCategory
from hub.entities.kinds.binary_sensor import BinarySensorEntity
from hub.entities.kinds.sensor import SensorEntity, StateClass
from hub.observe.health import Found, Level
from hub.observe.metrics import Family
from hub.recorder.state import RecorderState

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.recorder.recorder import Recorder

PLATFORM: Final = "recorder"
SECONDS: Final = 30.0
"""How often the sensors are brought up to date."""

_LEVELS: Final = {
    RecorderState.STARTING: Level.OK,
    RecorderState.RECORDING: Level.OK,
    RecorderState.WAITING: Level.DEGRADED,
    RecorderState.PAUSED: Level.DEGRADED,
    RecorderState.FAILED: Level.FAILED,
}


class Watch:
    """Shows one recorder to the house."""

    def __init__(self, recorder: "Recorder") -> None:
        """Look at `recorder` when asked."""
        self._recorder = recorder
        self._ends: list[Callable[[], None]] = []
        self._entities: list[Entity] = []

    def start(self, hub: "Hub") -> None:
        """Add the health item and the metrics, and beside that the entities."""
        recorder = self._recorder
        hub.health.check("recorder", self._health)
        self._ends.append(hub.metrics.source(self._metrics))
        hub.diagnostics.part("recorder", self._diagnostics)
        self._entities = [
            Problem(recorder),
            Number("backlog", "Recorder backlog", lambda: recorder.backlog),
            Number("dropped", "Recorder dropped", lambda: recorder.dropped, total=True),
            Space("size", "Recorder size", lambda: _used(recorder)),
        ]
        recorder.listen_changed(self._write)
        self._look(hub)
        # nobody's start waits for the database to remember four more ids
        hub.tasks.spawn(hub.entities.add(PLATFORM, self._entities), "entities of the recorder")

    def stop(self) -> None:
        """Show nothing more."""
        for end in self._ends:
            end()
        self._ends.clear()

    def _look(self, hub: "Hub") -> None:
        self._write()
        self._ends[1:] = [hub.clock.call_later(SECONDS, lambda: self._look(hub))]

    def _write(self) -> None:
        for entity in self._entities:
            entity.write()

    def _health(self) -> Found:
        recorder = self._recorder
        level = _LEVELS.get(recorder.state)
        if level is None:
            return None
        if level is Level.OK and (copy := recorder.store.corrupt_copy) is not None:
            return Level.DEGRADED, f"a damaged history is kept as {copy}"
        return level, recorder.reason

    def _metrics(self) -> Iterator[Family]:
        recorder = self._recorder
        writer = recorder.writer
        states = Family("hub_recorder_state", "1 = the present state.", labels=("state",))
        for state in RecorderState:
            states.add(recorder.state is state, state.value)
        yield states
        yield Family("hub_recorder_rows", "Rows written.", "counter").add(writer.rows)
        yield Family("hub_recorder_backlog", "Rows that wait in memory.").add(recorder.backlog)
        yield Family("hub_recorder_dropped", "Rows given up.", "counter").add(recorder.dropped)
        yield Family("hub_recorder_failures", "Batches that failed.", "counter").add(
            writer.failures
        )
        yield Family("hub_recorder_flush_seconds", "Batches written.", "histogram").add(
            writer.seconds
        )
        if (size := recorder.size) is not None:
            yield Family("hub_recorder_size_bytes", "Used by rows and the log.").add(size.used)
            yield Family("hub_recorder_free_bytes", "Free inside the database.").add(size.free)

    def _diagnostics(self) -> dict[str, Any]:
        recorder = self._recorder
        size = recorder.size
        return {
            "state": recorder.state.value,
            "reason": recorder.reason,
            "database": str(recorder.store.address),
            "rows": recorder.writer.rows,
            "backlog": recorder.backlog,
            "dropped": recorder.dropped,
            "failures": recorder.writer.failures,
            "last_flush": recorder.last_flush,
            "size": None if size is None else size.used,
            "free": None if size is None else size.free,
        }


class Problem(BinarySensorEntity):
    """On while nothing is written."""

    unique_id = "problem"
    name = "Recorder"
    suggested_object_id = "recorder"
    device_class = "problem"
    entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, recorder: "Recorder") -> None:
        """Show the state of `recorder`."""
        self._recorder = recorder

    @property
    def is_on(self) -> bool | None:
        """Tell whether something is wrong; not known while the recorder starts."""
        state = self._recorder.state
        if state is RecorderState.STARTING:
            return None
        return state is not RecorderState.RECORDING

    @property
    def state_attributes(self) -> dict[str, Any]:
        """Return the state of the recorder and what is wrong."""
        return {"status": self._recorder.state.value, "reason": self._recorder.reason}


class Number(SensorEntity):
    """A count of rows."""

    entity_category = EntityCategory.DIAGNOSTIC
    unit: str | None = "rows"

    def __init__(
        self,
        key: str,
        name: str,
        value: Callable[[], float | None],
        *,
        total: bool = False,
    ) -> None:
        """Show `value()`."""
        self._value = value
        self.unique_id = key
        self.name = name
        self.suggested_object_id = f"recorder_{key}"
        self.state_class = StateClass.TOTAL_INCREASING if total else StateClass.MEASUREMENT

    @property
    def native_value(self) -> float | None:
        """Return the number now; None = not known."""
        return self._value()


class Space(Number):
    """Space that the database uses."""

    unit = "MiB"
    device_class = "data_size"
    suggested_display_precision = 1


def _used(recorder: "Recorder") -> float | None:
    size = recorder.size
    return None if size is None else round(size.used / (1 << 20), 1)
