"""What keeps the recorder's database useful and small: policies, statistics, retention, usage."""

import logging
from typing import TYPE_CHECKING, Any, Final

from hub.errors import NotAllowed
from hub.recorder.retention.retention import Retention
from hub.recorder.retention.usage import Usage
from hub.recorder.services import RecorderServices
from hub.recorder.statistics.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hub.events import Context
    from hub.hub import Hub
    from hub.jobs import Job
    from hub.recorder.recorder import Recorder

_LOGGER = logging.getLogger(__name__)

JOB_SECONDS: Final = 12 * 3600.0
"""The longest that a purge may take."""

TARGET: Final = "recorder"


class Upkeep:
    """Everything about the recorder that is not recording itself."""

    def __init__(self, hub: "Hub", recorder: "Recorder") -> None:
        """Prepare; `start` begins."""
        self._hub = hub
        self._recorder = recorder
        self.statistics = Statistics(hub, recorder)
        self.retention = Retention(hub, recorder, lambda: self.statistics.marks)
        self.usage = Usage(recorder, hub.clock, hub.settings.recorder.max_size << 20)
        self._services = RecorderServices(hub, self)
        self._job: str | None = None

    def start(self) -> None:
        """Read the policies and look after the database; before anything is recorded."""
        self._recorder.policies.start()
        self._recorder.admission.late = self.statistics.late
        self.statistics.start()
        self.retention.start()
        self._services.register()

    async def stop(self) -> None:
        """End; before the database is closed."""
        self._services.remove()
        self._recorder.policies.stop()
        await self.retention.stop()
        await self.statistics.stop()

    @property
    def enabled(self) -> bool:
        """Tell whether anything is recorded, as far as people want it."""
        return self._recorder.admission.enabled

    def enable(self, wanted: bool) -> None:
        """Record or not, until the hub is started again."""
        admission = self._recorder.admission
        if admission.enabled is wanted:
            return
        if not wanted:
            admission.release()
            self.statistics.pause()
        admission.enabled = wanted
        if wanted:
            self.statistics.resume()
            admission.present(self._hub.states.all(), self._hub.clock.time())

    async def job(
        self,
        kind: str,
        work: "Callable[[Job], Awaitable[dict[str, Any]]]",
        context: "Context | None" = None,
    ) -> "Job":
        """Start a long work on the database as a job, one at a time; raises `NotAllowed`."""
        running = [
            record.id
            for record in self._hub.jobs.list(target=TARGET)
            if record.kind.startswith("recorder.") and not record.state.ended
        ]
        if running:
            raise NotAllowed(f"Job {running[0]} works on the history already; wait for its end")
        return await self._hub.jobs.start(kind, TARGET, work, context, timeout=JOB_SECONDS)
