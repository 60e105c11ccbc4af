"""What a host is: one command, whose output is read as hostile text."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from hub.runner.command import printable

_MAX_DISKS: Final = 64
_MAX_NUMBER: Final = 1 << 63

# Each section begins with a line that only this call knows, so that neither a noisy .bashrc nor a
# file on the host can pretend to be another section.
_LINES: Final = (
    "export LC_ALL=C",
    's() { printf "\\n%s %s\\n" "$1" "$2"; }',
    's "$1" name; uname -n',
    's "$1" kernel; uname -r',
    's "$1" arch; uname -m',
    's "$1" system; uname -s',
    's "$1" cpus; getconf _NPROCESSORS_ONLN 2>/dev/null || nproc',
    's "$1" release; head -c 4096 /etc/os-release 2>/dev/null',
    's "$1" memory; head -c 2048 /proc/meminfo 2>/dev/null',
    's "$1" uptime; head -c 100 /proc/uptime 2>/dev/null',
    's "$1" disks; df -P -k 2>/dev/null | head -n 200',
    's "$1" end',
)
SCRIPT: Final = "; ".join(_LINES)
_PSEUDO: Final = ("tmpfs", "devtmpfs", "overlay", "udev", "none", "shm", "efivarfs")


@dataclass(frozen=True, slots=True)
class Disk:
    """One mounted file system; sizes in bytes."""

    device: str
    mount: str
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host tells of itself; None = it did not tell. Memory in bytes, uptime in seconds."""

    hostname: str | None = None
    system: str | None = None
    os_id: str | None = None
    os_version: str | None = None
    os_name: str | None = None
    kernel: str | None = None
    arch: str | None = None
    cpus: int | None = None
    memory_total: int | None = None
    memory_available: int | None = None
    uptime: float | None = None
    disks: tuple[Disk, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the form for a status: JSON."""
        return {**asdict(self), "disks": [asdict(disk) for disk in self.disks]}


def question() -> tuple[list[str], str]:
    """Return the command that asks for facts, and the mark that its answer will carry."""
    mark = f"@hub:{secrets.token_hex(8)}"
    return ["sh", "-c", SCRIPT, "hub-facts", mark], mark


def read(output: bytes, mark: str) -> Facts | None:
    """Read the answer; None when it is not whole. What makes no sense is left out."""
    sections = _sections(output.decode("utf-8", "replace"), mark)
    if "end" not in sections:
        return None
    release = _release(sections.get("release", []))
    memory = _memory(sections.get("memory", []))
    return Facts(
        hostname=_line(sections, "name"),
        system=_line(sections, "system"),
        os_id=release.get("ID"),
        os_version=release.get("VERSION_ID"),
        os_name=release.get("PRETTY_NAME"),
        kernel=_line(sections, "kernel"),
        arch=_line(sections, "arch"),
        cpus=_number(_line(sections, "cpus"), 1 << 20),
        memory_total=memory.get("MemTotal"),
        memory_available=memory.get("MemAvailable"),
        uptime=_uptime(_line(sections, "uptime")),
        disks=tuple(_disks(sections.get("disks", []))),
    )


def _sections(text: str, mark: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        if line.startswith(f"{mark} "):
            current = found.setdefault(line[len(mark) + 1 :].strip(), [])
        elif current is not None and line.strip():
            current.append(line)
    return found


def _line(sections: Mapping[str, list[str]], name: str) -> str | None:
    lines = sections.get(name)
    return (printable(lines[0]) or None) if lines else None


def _release(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and name in {"ID", "VERSION_ID", "PRETTY_NAME"}:
            found[name] = printable(value.strip().strip("\"'"))
    return {name: value for name, value in found.items() if value}


def _memory(lines: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        words = value.split()
        size = _number(words[0] if words else None, _MAX_NUMBER >> 10)
        if colon and size is not None and name in {"MemTotal", "MemAvailable"}:
            found[name] = size << 10
    return found


def _uptime(line: str | None) -> float | None:
    try:
        seconds = float((line or "").partition(" ")[0])
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e10 else None


def _disks(lines: list[str]) -> list[Disk]:
    found: list[Disk] = []
    for line in lines:
        words = line.split(None, 5)
        if len(words) < 6 or words[0] in _PSEUDO or not words[5].startswith("/"):
            continue
        total = _number(words[1], _MAX_NUMBER >> 10)
        free = _number(words[3], _MAX_NUMBER >> 10)
        if total and free is not None and len(found) < _MAX_DISKS:
            found.append(Disk(printable(words[0]), printable(words[5]), total << 10, free << 10))
    return found


def _number(text: str | None, largest: int) -> int | None:
    """Return a natural number; Python's int() would take underscores and other digits too."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    value = int(text)
    return value if value <= largest else None
