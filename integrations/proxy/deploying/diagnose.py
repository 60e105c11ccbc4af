"""What nginx says against a configuration, as flaws that name the part and the field.

nginx names file and line for most errors, a path for certificates, a name for those that it finds
only when all is read. What points to no file of the hub is told of the server.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from integrations.proxy.const import SERVER
from integrations.proxy.models import File, Flaw

_ERROR: Final = re.compile(r"\[(?:emerg|crit)\] (?:\d+#\d+: )?(.+)")
_PLACE: Final = re.compile(r"^(.*) in (/[^\s]*):(\d+)$")
_CONFLICT: Final = re.compile(r'conflicting server name "([^"]*)" on (\S+), ignored')
_UNKNOWN: Final = re.compile(r'unknown "([A-Za-z0-9_]+)" variable')
_QUOTED_PATH: Final = re.compile(r'"(/[^"]+)"')
_SOCKET: Final = re.compile(r"(?:bind\(\) to|socket\(\)) (\S+) failed \((\d+): ([^)]*)\)")
_ADVICE: Final = (
    (
        "a duplicate default server",
        "default_site",
        "another configuration on this server is the default site already: choose none",
    ),
    (
        '"server_names_hash_',
        "main_config",
        "the main configuration sets it too small for these names: make it 512 there",
    ),
    (
        "could not build server_names_hash",
        "main_config",
        "set server_names_hash_bucket_size 512 in the main configuration",
    ),
)


@dataclass(frozen=True, slots=True)
class _Known:
    """The files of a release, and whom to blame when none of them is meant."""

    files: dict[str, File]
    server: str
    base: str
    release: str

    def at(self, path: str, line: int) -> tuple[str, str] | None:
        """Return part and field of a line; None = no file of ours."""
        name = self._name(path)
        file = self.files.get(name or "")
        if file is None or file.part is None:
            return None
        field = file.fields[line - 1] if 0 < line <= len(file.fields) else None
        return file.part, field or ""

    def _name(self, path: str) -> str | None:
        for folder in (f"{self.base}/releases/{self.release}/", f"{self.base}/current/"):
            if path.startswith(folder):
                return path.removeprefix(folder)
        if path in (f"{self.base}/candidate.d/candidate.conf", f"{self.base}/nginx.conf"):
            return "nginx.conf"
        return None

    def lines(self, fits: Callable[[str], bool]) -> list[tuple[str, str]]:
        """Return part and field of every line that fits, each once."""
        found: dict[tuple[str, str], None] = {}
        for file in self.files.values():
            if file.part is None or not file.fields:
                continue
            for number, line in enumerate(file.data.decode("utf-8", "replace").split("\n")):
                if fits(line):
                    field = file.fields[number] if number < len(file.fields) else None
                    found[file.part, field or ""] = None
        return list(found)


def diagnose(said: str, files: Sequence[File], base: str, release: str) -> list[Flaw]:
    """Return what nginx wrote on standard error as flaws, in its order, each once.

    `files` are those of the release `release` below the folder `base`. Empty when there is nothing
    in it that stands against the configuration.
    """
    server = next((one.part for one in files if (one.part or "").startswith(f"{SERVER}/")), SERVER)
    known = _Known({one.path: one for one in files}, server or SERVER, base, release)
    found: dict[Flaw, None] = {}
    for line in said.splitlines():
        if (conflict := _CONFLICT.search(line)) is not None:
            found |= dict.fromkeys(_taken(known, conflict[1], conflict[2]))
        elif (error := _ERROR.search(line)) is not None:
            found |= dict.fromkeys(_flaws(known, error[1].strip()))
    return list(found)


def _taken(known: _Known, name: str, listen: str) -> list[Flaw]:
    """Return the flaws of a name that another configuration of the server has already."""
    told = f"{name} is already served on {listen} by a configuration that is not the hub's"
    words = re.compile(rf"\s*server_name (.* )?{re.escape(name)}[ ;]")
    places = known.lines(lambda line: words.match(line) is not None)
    return [Flaw(part, field, told) for part, field in places] or [Flaw(known.server, "", told)]


def _flaws(known: _Known, message: str) -> list[Flaw]:
    """Return the flaws of one error."""
    place = _PLACE.match(message)
    text = place[1] if place is not None else message
    for sign, field, advice in _ADVICE:
        if sign in text:
            return [Flaw(known.server, field, f"{text}; {advice}")]
    if "dlopen()" in text and "ngx_stream_module" in text:
        return _without_module(known, text)
    if place is not None:
        return [_placed(known, text, place[2], int(place[3]))]
    if (socket := _SOCKET.search(text)) is not None:
        return _unreachable(known, text, socket)
    if (variable := _UNKNOWN.search(text)) is not None:
        used = re.compile(rf"\$\{{?{variable[1]}\b", re.IGNORECASE)
        places = known.lines(lambda line: used.search(line) is not None)
        return _told(known, places, text)
    for path in _QUOTED_PATH.findall(text):
        if places := known.lines(lambda line, path=path: path in line):  # type: ignore[misc]
            return _told(known, places, _for_files(text))
    return [Flaw(known.server, "", text)]


def _without_module(known: _Known, text: str) -> list[Flaw]:
    """Say to every stream that this nginx has no module for it."""
    advice = "install libnginx-mod-stream (Debian, Ubuntu) or nginx-mod-stream"
    streams = [one.part for path, one in known.files.items() if path.startswith("stream/")]
    places = [(part, "servers") for part in streams if part is not None]
    return _told(known, places, f"{text}; {advice}")


def _placed(known: _Known, text: str, path: str, line: int) -> Flaw:
    at = known.at(path, line)
    if at is None:
        where = f"{path}:{line}, which is not the hub's"
        if path == f"{known.base}/candidate.d/candidate.conf":
            where = "the main configuration"
        told = f"{text} in {where}"
        return Flaw(known.server, "main_config", told)
    return Flaw(at[0], at[1], _for_files(text))


def _for_files(text: str) -> str:
    """Add what to do about a file that is not there."""
    if "load_verify_locations" in text:
        return f"{text}; name the server's authorities in its ca_bundle"
    return text


def _unreachable(known: _Known, text: str, socket: re.Match[str]) -> list[Flaw]:
    """Say what to do about an address that can not be listened on."""
    code, number = socket[1].rpartition(":")[2], int(socket[2])
    places = known.lines(lambda line: re.match(rf"\s*listen (.*:)?{code}[ ;]", line) is not None)
    streams = [(part, field) for part, field in places if field == "incoming_port"]
    advice = {
        97: "this server has no IPv6: name its addresses",
        99: "this server does not have that address: see addresses",
        13: "nginx may not open ports below 1024: see how it is started",
    }.get(number, socket[3])
    if streams and number == 13:
        return _told(known, streams, f"{text}; {advice}")
    return [Flaw(known.server, "addresses", f"{text}; {advice}")]


def _told(known: _Known, places: Sequence[tuple[str, str]], text: str) -> list[Flaw]:
    return [Flaw(part, field, text) for part, field in places] or [Flaw(known.server, "", text)]
