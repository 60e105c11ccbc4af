"""What a person chose about an import, and the reading of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.cli.sdk import USAGE, CliError, taking

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.cli.sdk import Client
    from integrations.proxy.importing.options import Options
    from integrations.proxy.importing.result import Imported

SECRETS: Final = "passwords and private keys are in it in the clear"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of an import that say what its resources shall be."""

    servers: tuple[str, ...]
    group: str | None
    prefix: str
    certificates: str
    email: str
    directory: str
    passwords: str | None


def take(
    client: "Client",
    read: "Callable[[Options], Imported]",
    wanted: Wanted,
    how: taking.Wanted,
) -> None:
    """Read, check against the schema, tell, and write what is left."""

    def checked() -> "Imported":
        from integrations.proxy.importing.check import checked

        return checked(read(_chosen(wanted)))

    taking.take(client, checked, how, warning=SECRETS)


def _chosen(wanted: Wanted) -> "Options":
    from integrations.proxy.importing.certificates import Mode
    from integrations.proxy.importing.options import Options
    from integrations.proxy.importing.result import Placement

    return Options(
        Placement(tuple(wanted.servers), wanted.group),
        Mode(wanted.certificates),
        wanted.email,
        wanted.directory,
        wanted.prefix,
        _passwords(wanted.passwords),
    )


def _passwords(name: str | None) -> dict[str, str]:
    """Read lines of `user:password`."""
    if name is None:
        return {}
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise CliError(
            f"{name}: {getattr(error, 'strerror', None) or error}", status=USAGE
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        user, colon, password = line.partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or not user or not password:
            raise CliError(f"{name}:{number}: expected user:password", status=USAGE)
        found[user] = password
    return found
