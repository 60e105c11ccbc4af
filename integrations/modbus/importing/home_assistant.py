"""The section `modbus:` of Home Assistant as links, definitions and devices."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.sdk import Imported, Report, Unreadable
from integrations.modbus.const import DEFINITION, DEVICE, LINK
from integrations.modbus.importing import check, rates
from integrations.modbus.importing.climates import climate
from integrations.modbus.importing.covers import cover
from integrations.modbus.importing.draft import Draft, Map, Spec
from integrations.modbus.importing.entity import Entity, unit
from integrations.modbus.importing.links import endpoint, link
from integrations.modbus.importing.names import Unique
from integrations.modbus.importing.parts import Keys, Part, Unfit, Where
from integrations.modbus.importing.sensors import binary_sensor, sensor
from integrations.modbus.importing.switches import fan, light, switch

DEFAULT_NAME: Final = "modbus_hub"
ORDER: Final = (LINK, DEFINITION, DEVICE)

PLATFORMS: Final[Mapping[str, Callable[[Entity], None]]] = {
    "sensors": sensor,
    "binary_sensors": binary_sensor,
    "climates": climate,
    "switches": switch,
    "lights": light,
    "fans": fan,
    "covers": cover,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read, with what it includes."""

    name: str
    value: Any
    where: Where
    broken: Mapping[Keys, str]
    """Values that could not be read, and why."""


def read(sources: Sequence[Source], prefix: str = "") -> Imported:
    """Return the resources of configurations; raises `Unreadable` when there is no Modbus in it."""
    made = _Import(prefix)
    for source in sources:
        made.file(source)
    return made.made()


class _Import:
    """One run."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._report = Report()
        self._links, self._devices = Unique(), Unique()
        self._endpoints: set[tuple[str, ...]] = set()
        self._hubs: set[str] = set()
        self._names: set[tuple[str, str]] = set()
        self._documents: dict[str, Spec] = {}

    def made(self) -> Imported:
        """Return everything."""
        places = {kind: number for number, kind in enumerate(ORDER)}
        documents = sorted(
            self._documents.items(), key=lambda item: places[item[0].partition("/")[0]]
        )
        return Imported(dict(documents), tuple(self._report.findings))

    def file(self, source: Source) -> None:
        """Take over the hubs of one file."""
        found = list(_hubs(source))
        for keys, why in sorted(source.broken.items(), key=str):
            if any(keys[: len(at)] == at for at, _ in found) or "modbus" in keys or not keys:
                folder = "!include_dir" in why
                todo = "name the files of the folder to the importer" if folder else ""
                self._report.left_out(
                    source.where(keys), f"{keys[-1] if keys else source.name}: {why}", todo
                )
        if not found:
            if source.broken:
                return
            raise Unreadable(
                f"{source.name}: expected `modbus:` of Home Assistant's configuration, "
                "or the list of hubs behind it"
            )
        self._report.note(
            source.where(found[0][0]),
            "entity ids are made of the names, as Home Assistant makes them; an id that was "
            "changed on its pages is only known to it",
        )
        for keys, value in found:
            if not isinstance(value, Mapping):
                self._report.left_out(source.where(keys), "expected a hub of modbus")
                continue
            try:
                self._hub(Part(value, keys, source.where, self._report, "hub"), source)
            except Unfit:
                continue

    def _hub(self, part: Part, source: Source) -> None:
        name = part.text("name", DEFAULT_NAME)
        part.title = f"hub {name}"
        spec = link(part, name)
        if endpoint(spec) in self._endpoints or name in self._hubs:
            raise part.unfit(
                "another hub has its name or its address, so Home Assistant does not load it",
                "give it its own name, or move its entities to the other",
            )
        wrong = check.flaw(LINK, spec)
        if wrong:
            raise part.unfit(wrong, "write it by hand")
        self._endpoints.add(endpoint(spec))
        self._hubs.add(name)
        key = self._links.take(f"{self._prefix}{name}")
        self._documents[f"{LINK}/{key}"] = spec
        drafts: dict[int, Draft] = {}
        for platform, take in PLATFORMS.items():
            for inner in self._entities(part, platform, source):
                try:
                    number = unit(inner)
                    take(Entity.of(inner, drafts.setdefault(number, Draft())))
                except Unfit:
                    continue
        part.finish()
        for number, draft in sorted(drafts.items()):
            self._unit(part, key, name, number, draft, several=len(drafts) > 1)

    def _entities(self, part: Part, platform: str, source: Source) -> Iterator[Part]:
        """Return the entries of a platform; a name that is there already is told."""
        given = part.raw(platform)
        for index, item in enumerate(given if isinstance(given, list) else [given]):
            if item is None:
                continue
            keys = (*part.keys, platform, *([index] if isinstance(given, list) else []))
            word = platform.removesuffix("es") if platform == "switches" else platform[:-1]
            kind = word.replace("_", " ")
            if not isinstance(item, Mapping):
                self._report.left_out(source.where(keys), f"{kind}: expected a mapping")
                continue
            title = f"{kind} {item.get('name', '')}".strip()
            found = Part(item, keys, source.where, self._report, title)
            name = (platform, str(item.get("name")))
            if name in self._names:
                todo = "give it a name of its own"
                found.unfit("its name is taken, so Home Assistant does not load it", todo)
                continue
            self._names.add(name)
            yield found

    def _unit(
        self, part: Part, link: str, name: str, number: int, draft: Draft, *, several: bool
    ) -> None:
        """Add the definition and device of each map of a unit."""
        counts = Counter(draft.intervals())
        nearest = rates.nearest(counts)
        kept: Counter[int] = Counter()
        for seconds, count in counts.items():
            kept[nearest[seconds]] += count
            if nearest[seconds] != seconds:
                self._report.note(
                    part.place(),
                    f"{part.title}, unit {number}: {count} registers with scan_interval {seconds} "
                    f"are read each {nearest[seconds]} s: a device has three intervals",
                )
        names = rates.named(kept)
        intervals = {rate: seconds for seconds, rate in sorted(names.items())}

        def rate(seconds: int) -> str:
            return names[nearest[seconds]] if seconds else "once"

        for index, one in enumerate(draft.maps):
            word = f"{link}_{number}" if index == 0 else f"{link}_{number}_{index + 1}"
            title = f"{name} {number}" if several else name
            if index:
                title = f"{title} ({index + 1})"
            self._device(
                part, self._devices.take(word), title[-100:], link, number, one, intervals, rate
            )

    def _device(
        self,
        part: Part,
        key: str,
        title: str,
        link: str,
        number: int,
        one: Map,
        intervals: Mapping[str, int],
        rate: Callable[[int], str],
    ) -> None:
        definition = check.definition(one, title, rate, self._report)
        if definition is None:
            return
        used = _rates_of(definition)
        device: Spec = {"link": link, "unit": number, "definition": key, "name": title}
        told = {name: seconds for name, seconds in intervals.items() if name in used}
        if told:
            device["intervals"] = told
        wrong = check.flaw(DEVICE, device)
        if wrong:
            self._report.left_out(part.place(), f"{part.title}, unit {number}: {wrong}")
            return
        self._documents[f"{DEFINITION}/{key}"] = definition
        self._documents[f"{DEVICE}/{key}"] = device


def _rates_of(definition: Spec) -> set[str]:
    return {
        register.get("rate", "normal")
        for block in definition["blocks"]
        for register in block["registers"].values()
    }


def _hubs(source: Source) -> Iterator[tuple[Keys, Any]]:
    """Find the hubs: of the whole configuration, of its packages, or of a file of hubs alone."""
    value = source.value
    if isinstance(value, Mapping):
        if "modbus" in value:
            yield from _listed(value["modbus"], ("modbus",))
        yield from _packages(value)
        if "type" in value and ("host" in value or "port" in value):
            yield (), value
    elif isinstance(value, list) and any(isinstance(it, Mapping) and "type" in it for it in value):
        yield from _listed(value, ())


def _packages(value: Mapping[str, Any]) -> Iterator[tuple[Keys, Any]]:
    core = value.get("homeassistant")
    packages = core.get("packages") if isinstance(core, Mapping) else None
    for name, package in packages.items() if isinstance(packages, Mapping) else ():
        if isinstance(package, Mapping) and "modbus" in package:
            yield from _listed(package["modbus"], ("homeassistant", "packages", name, "modbus"))


def _listed(value: Any, keys: Keys) -> Iterator[tuple[Keys, Any]]:
    if isinstance(value, list):
        yield from (((*keys, index), item) for index, item in enumerate(value))
    elif value is not None:
        yield keys, value
