"""What Home Assistant makes of registers, calculated by hand from its published formula."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hub.cli.sdk import load
from hub.sdk import Finding, Imported
from integrations.modbus.importing.home_assistant import Source, read
from integrations.modbus.link_schema import LINK
from integrations.modbus.mapping import codec
from integrations.modbus.mapping.compile import definition as compiled
from integrations.modbus.mapping.models import Definition
from integrations.modbus.mapping.schema import DEFINITION, check_definition
from integrations.modbus.schema import DEVICE, check_device

LETTERS = {
    "int16": "h", "int32": "i", "int64": "q", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float16": "e", "float32": "f", "float64": "d",
}  # fmt: skip


def imported(
    folder: Path, text: str, name: str = "configuration.yaml", prefix: str = ""
) -> Imported:
    """Import a file as the command does."""
    (folder / name).write_text(text)
    loaded = load(str(folder / name), "configuration.yaml")

    def where(keys: tuple[Any, ...]) -> str:
        file, line = loaded.where(keys)
        return f"{Path(file).name}:{line}"

    broken = dict.fromkeys(loaded.broken, "can not be read")
    return read([Source(name, loaded.value, where, broken)], prefix)


def valid(found: Imported) -> Imported:
    """Check every document against the hub's schemas, as the API gets it."""
    for name, spec in found.documents.items():
        plain = yaml.safe_load(yaml.safe_dump(spec))
        if name.startswith("modbus.link/"):
            LINK(plain)
        elif name.startswith("modbus.device/"):
            check_device(DEVICE(plain))
            assert f"modbus.link/{spec['link']}" in found.documents
            assert f"modbus.definition/{spec['definition']}" in found.documents
        else:
            check_definition(DEFINITION(plain))
    return found


def definition(found: Imported, key: str) -> Definition:
    """Return a definition as devices use it."""
    return compiled(DEFINITION(found.documents[f"modbus.definition/{key}"]))


def entity(found: Imported, object_id: str) -> dict[str, Any]:
    """Return the spec of an entity."""
    [spec] = [
        spec
        for document in found.documents.values()
        for spec in document.get("entities", ())
        if spec["object_id"] == object_id
    ]
    return dict(spec)


def shown(found: Imported, key: str, register: str, words: Sequence[int]) -> Any:
    """Return the value of a register whose words are these."""
    one = definition(found, key).by_key[register]
    block = codec.Block([one], one.address, one.words)
    return block.convert[0](block.raws(list(words))[0], None)


def home_assistant(spec: Mapping[str, Any], words: Sequence[int]) -> float | str | None:
    """Return what a sensor of Home Assistant shows: swap, unpack, scale, round."""
    data_type, swap = spec.get("data_type", "int16"), spec.get("swap", "none")
    parts = [word.to_bytes(2, "big") for word in words]
    if swap in ("byte", "word_byte"):
        parts = [part[::-1] for part in parts]
    if swap in ("word", "word_byte"):
        parts.reverse()
    data = b"".join(parts)
    if data_type == "string":
        return data.decode()
    structure = spec["structure"] if data_type == "custom" else f">{LETTERS[data_type]}"
    [number] = struct.unpack(structure, data)
    nan = spec.get("nan_value")
    if number != number or (nan is not None and number in (nan, -nan)):  # noqa: PLR0124
        return None
    value = float(spec.get("scale", 1)) * number + float(spec.get("offset", 0))
    precision = spec.get("precision", 0 if "int" in data_type else 2)
    return float(round(value)) if precision == 0 else float(f"{value:.{precision}f}")


def told(found: Imported, level: str) -> list[Finding]:
    """Return the findings of a level."""
    return [item for item in found.findings if item.level == level]
