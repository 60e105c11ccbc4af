"""Home Assistant's sections of hub.yaml (`automation:`, `script:` ...) read as resources.

Each item becomes a document of `hub.<section>`, with the file and line that it came from; a name
may carry a word behind the section, as in `automation kitchen:`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hub.config.documents import Document
from hub.config.loader import Keys, Loaded, load
from hub.errors import Problem
from hub.util.text import slugify

FILE: Final = "hub.yaml"

Named = Callable[[Mapping[str, Any]], object]


def _automation(item: Mapping[str, Any]) -> object:
    return item.get("id", item.get("alias"))


def _scene(item: Mapping[str, Any]) -> object:
    return item.get("id", item.get("name"))


LISTS: Final[dict[str, Named]] = {
    "automation": _automation,
    "scene": _scene,
    "template": lambda item: item.get("unique_id"),
}
"""Sections that hold a list, and what names an item of it."""

MAPPINGS: Final = frozenset(
    {
        "counter",
        "input_boolean",
        "input_button",
        "input_datetime",
        "input_number",
        "input_select",
        "input_text",
        "schedule",
        "script",
        "timer",
    }
)
"""Sections that hold a mapping of `key: fields`."""


def is_house_type(type: str) -> bool:
    """Tell whether resources of a type can come from a section of hub.yaml."""
    domain, _, section = type.partition(".")
    return domain == "hub" and (section in LISTS or section in MAPPINGS)


def section_of(name: object) -> str | None:
    """Return the section that a key of hub.yaml names, None for one that is not of this kind."""
    section = str(name).partition(" ")[0]
    return section if section in LISTS or section in MAPPINGS else None


def read(config_dir: Path) -> tuple[list[Document], list[Problem], frozenset[str]]:
    """Return the documents of hub.yaml, every problem, and the files that were read."""
    if not (config_dir / FILE).is_file():
        return [], [], frozenset({str(config_dir / FILE)})
    loaded = load(config_dir / FILE)
    problems = list(loaded.problems)
    if problems or not isinstance(loaded.value, dict):
        return [], problems, frozenset({str(config_dir / FILE)})
    nested: dict[Any, dict[Any, dict[Keys, tuple[str, int]]]] = {}
    files = {str(config_dir / FILE)}
    for keys, place in loaded.places.items():
        files.add(place[0])
        if len(keys) >= 2:
            nested.setdefault(keys[0], {}).setdefault(keys[1], {})[keys[2:]] = place
    documents: dict[str, Document] = {}
    for name, value in loaded.value.items():
        section = section_of(name)
        if section is None or value is None:
            continue
        items = _listed if section in LISTS else _mapped
        for at, key, spec, trouble in items(section, value):
            file, line = loaded.where((name,) if at is None else (name, at))
            if trouble is not None or not isinstance(spec, dict):
                problems.append(Problem(file, line, f"{name}: {trouble or 'expected its fields'}"))
                continue
            resource_id = f"hub.{section}/{key}"
            if (first := documents.get(resource_id)) is not None:
                message = f"{section} {key} is given twice; first in {first.file}:{first.line}"
                problems.append(Problem(file, line, message))
                continue
            places = nested.get(name, {}).get(at, {}) if at is not None else _all(loaded, name)
            documents[resource_id] = Document(resource_id, spec, file, line, places)
    return list(documents.values()), problems, frozenset(files)


Item = tuple[Any, str, Any, str | None]
"""The key that leads to it (None: the section itself), its resource key, its fields, trouble."""


def _mapped(section: str, value: Any) -> Iterator[Item]:
    """Go through `key: fields`; fields that are left out are none."""
    if not isinstance(value, dict):
        yield None, "", None, f"expected {section}s as `key: fields`"
        return
    for key, spec in value.items():
        yield key, str(key), {} if spec is None else spec, None


def _listed(section: str, value: Any) -> Iterator[Item]:
    """Go through a list; a single mapping is a list of one."""
    named = LISTS[section]
    if isinstance(value, dict):
        yield None, _key(section, named(value), 0), value, _nameless(section, named(value))
        return
    if not isinstance(value, list):
        yield None, "", None, f"expected a list of {section}s"
        return
    for index, spec in enumerate(value):
        name = named(spec) if isinstance(spec, dict) else "item"
        yield index, _key(section, name, index), spec, _nameless(section, name)


def _nameless(section: str, name: object) -> str | None:
    if name is None and section != "template":
        return "needs an id or an alias" if section == "automation" else "needs an id or a name"
    return None


def _key(section: str, name: object, index: int) -> str:
    """Return the resource key: the id as it is where it can be, else its words as a slug."""
    return slugify(str(name))[:63] if name is not None else f"{section}_{index + 1}"


def _all(loaded: Loaded, name: object) -> dict[Keys, tuple[str, int]]:
    return {keys[1:]: place for keys, place in loaded.places.items() if keys[:1] == (name,)}
