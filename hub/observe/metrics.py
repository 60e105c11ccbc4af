"""What is counted: rooms keep plain ints, a scrape gathers them.

prometheus_client is imported when `/metrics` is asked for the first time.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hub.observe.histogram import Histogram

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

_LOGGER = logging.getLogger(__name__)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Value = float | Histogram


@dataclass(slots=True)
class Family:
    """One metric with its samples; `kind` is counter, gauge or histogram.

    A counter's name comes without `_total`.
    """

    name: str
    help: str
    kind: str = "gauge"
    labels: tuple[str, ...] = ()
    samples: list[tuple[tuple[str, ...], Value]] = field(default_factory=list)

    def add(self, value: Value, *labels: str) -> "Family":
        """Add a sample, with the values of the labels in their order."""
        self.samples.append((labels, value))
        return self


Source = Callable[[], Iterable[Family]]


class Metrics:
    """The requests counted by the API, and where everything else is asked for."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._requests: dict[tuple[str, str, int], int] = {}
        self._hot: list[tuple[str, str, dict[int, int]]] = []
        self._seconds: dict[tuple[str, str], Histogram] = {}
        self._sources: list[Source] = []
        self._gathered: list[Family] = []
        self._registry: CollectorRegistry | None = None
        self._rendering = asyncio.Lock()

    def source(self, source: Source) -> Callable[[], None]:
        """Ask `source()` at each scrape; returns what ends it. Called on the loop, must be fast."""
        self._sources.append(source)
        return lambda: self._sources.remove(source) if source in self._sources else None

    def request(self, method: str, route: str, status: int, seconds: float | None = None) -> None:
        """Count an HTTP request by its route's template, never by its path."""
        self._count((method if method in METHODS else "other", route, status), 1)
        if seconds is None:
            return
        key = (method if method in METHODS else "other", route)
        found = self._seconds.get(key)
        if found is None:
            found = self._seconds[key] = Histogram()
        found.observe(seconds)

    def hot(self, method: str, route: str) -> dict[int, int]:
        """Return a mapping by status in which a hot route counts by itself."""
        counts: dict[int, int] = {}
        self._hot.append((method, route, counts))
        return counts

    def gather(self) -> list[Family]:
        """Return every family as it is now; a failing source is logged and left out."""
        found = list(self._own())
        for source in self._sources:
            try:
                found += source()
            except Exception:
                _LOGGER.exception("A source of metrics failed")
        return found

    async def render(self, accept: str = "", more: Iterable[Family] = ()) -> tuple[bytes, str]:
        """Return the text of a scrape and its content type for an Accept header.

        `more` are families for this scrape alone: what its reader may see.
        """
        async with self._rendering:
            self._gathered = [*self.gather(), *more]
            return await asyncio.to_thread(self._render, accept)

    def _render(self, accept: str) -> tuple[bytes, str]:
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            self._registry = self._make_registry()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _make_registry(self) -> "CollectorRegistry":
        """Make a registry of our own, with the process and the garbage collector in it."""
        from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector

        registry = CollectorRegistry()
        registry.register(_Collector(self))
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        return registry

    def _count(self, key: tuple[str, str, int], count: int) -> None:
        self._requests[key] = self._requests.get(key, 0) + count

    def _own(self) -> Iterator[Family]:
        for method, route, counts in self._hot:
            for status, count in counts.items():
                self._count((method, route, status), count)
            counts.clear()
        requests = Family(
            "hub_http_requests",
            "HTTP requests by route template.",
            "counter",
            ("method", "route", "status"),
        )
        for (method, route, status), count in self._requests.items():
            requests.add(count, method, route, str(status))
        yield requests
        seconds = Family(
            "hub_http_request_duration_seconds",
            "Time from a request's head to its answer; hot routes, answered at once, are left out.",
            "histogram",
            ("method", "route"),
        )
        for (method, route), histogram in self._seconds.items():
            seconds.add(histogram, method, route)
        yield seconds


class _Collector:
    """Gives prometheus_client what was gathered."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> list["Metric"]:
        """Say nothing in advance, so that registering does not collect."""
        return []

    def collect(self) -> Iterator["Metric"]:
        """Yield each family in the library's form."""
        for family in self._metrics._gathered:  # noqa: SLF001 - a part of the same thing
            yield _metric(family)


def _metric(family: Family) -> "Metric":
    from prometheus_client import core

    labels = list(family.labels)
    if family.kind == "histogram":
        histogram = core.HistogramMetricFamily(family.name, family.help, labels=labels)
        for values, value in family.samples:
            if isinstance(value, Histogram):
                histogram.add_metric(list(values), value.buckets(), value.sum)
        return histogram
    made = core.Metric(family.name, family.help, family.kind)
    suffix = "_total" if family.kind == "counter" else ""
    for values, value in family.samples:
        if not isinstance(value, Histogram):
            made.add_sample(family.name + suffix, dict(zip(labels, values, strict=True)), value)
    return made
