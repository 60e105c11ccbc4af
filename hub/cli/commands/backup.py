"""`hub backup`: make, list, prove and put back backups on the hub's own machine."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli import options
from hub.cli.errors import USAGE, CliError
from hub.cli.output import emit

if TYPE_CHECKING:
    from hub.storage.backup import Opener, Sealer

T = TypeVar("T")

FILE = click.Path(path_type=Path, dir_okay=False)
PASSPHRASE = "HUB_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a variable
RECIPIENT = "HUB_BACKUP_RECIPIENT"

recipient = click.option(
    "--recipient",
    "recipients",
    metavar="KEY",
    multiple=True,
    help=f"Public key that opens the backup, age1... or ssh-...; also {RECIPIENT}.",
)
passphrase_file = click.option(
    "--passphrase-file",
    metavar="FILE",
    type=FILE,
    help=f"File with the passphrase in its first line; also {PASSPHRASE}.",
)
identity = click.option(
    "--identity",
    metavar="FILE",
    type=FILE,
    help="File with the private key of the recipient.",
)
key = click.option(
    "--key", metavar="FILE", type=FILE, help="Sealing keys; those beside the backup by default."
)
without_key = click.option("--without-key", is_flag=True, help="Go on without the sealing keys.")


@click.group(no_args_is_help=True)
def backup() -> None:
    """Make, list, prove and put back backups; docs/backup.md tells how they are kept."""


@backup.command(short_help="Make a backup.")
@options.data
@options.config
@click.option(
    "--to", "folder", metavar="DIR", type=options.FOLDER, help="Where to; <data>/backups."
)
@recipient
@passphrase_file
@click.option("--keep", metavar="N", type=click.IntRange(1), help="Remove all but the newest N.")
@click.option("--no-key", is_flag=True, help="Do not write the sealing keys beside.")
@click.option("--no-config", is_flag=True, help="Leave the configuration out.")
@options.output
def create(
    data: Path,
    config: Path,
    folder: Path | None,
    recipients: tuple[str, ...],
    passphrase_file: Path | None,
    keep: int | None,
    no_key: bool,
    no_config: bool,
    output: str,
) -> None:
    """Make an encrypted backup, while the hub runs or not."""
    from hub.storage import backup as rooms

    place = folder or data / "backups"
    sealer = _sealer(recipients, passphrase_file)
    made = _told(
        lambda: rooms.create(
            data, None if no_config else config, place, sealer, with_key=not no_key
        )
    )
    answer = made.as_dict()
    if keep is not None:
        removed = _told(lambda: rooms.prune(place, made.manifest.hub_id, keep))
        answer["removed"] = [str(path) for path in removed]
    emit(answer, output)


@backup.command("list", short_help="List the backups of a folder.")
@options.data
@click.option("--from", "folder", metavar="DIR", type=options.FOLDER, help="Where; <data>/backups.")
@options.output
def list_(data: Path, folder: Path | None, output: str) -> None:
    """List the backups of a folder, newest first; nothing is opened."""
    from hub.storage.backup import listed

    place = folder or data / "backups"
    found = [item.as_dict() for item in _told(lambda: listed(place))] if place.is_dir() else []
    columns = {"FILE": "file", "HUB": "hub", "MADE": "created_at", "BYTES": "size"}
    emit(found, output, {**columns, "KEY": "has_key"})


@backup.command(short_help="Prove that a backup can be restored.")
@click.argument("file", type=FILE)
@identity
@passphrase_file
@key
@without_key
@click.option("--no-config", is_flag=True, help="Do not check the configuration.")
@options.output
def verify(
    file: Path,
    identity: Path | None,
    passphrase_file: Path | None,
    key: Path | None,
    without_key: bool,
    no_config: bool,
    output: str,
) -> None:
    """Restore a backup into a temporary folder and look at everything; exit 1 when it is bad."""
    from hub.cli.commands.secrets import secret_key
    from hub.storage import backup as rooms

    opener, wrapping = _opener(file, identity, passphrase_file), secret_key()
    proved = _run(
        lambda: rooms.verify(
            file,
            opener,
            key=key,
            without_key=without_key,
            secret_key=wrapping,
            check_config=None if no_config else _check_config,
        )
    )
    emit({"file": str(file), "good": True, **proved.as_dict()}, output)


@backup.command(short_help="Put a backup back.")
@click.argument("file", type=FILE)
@options.data
@options.config
@identity
@passphrase_file
@key
@without_key
@click.option("--no-config", is_flag=True, help="Leave the configuration folder alone.")
@click.option("--force", is_flag=True, help="Put what is there aside.")
@options.output
def restore(
    file: Path,
    data: Path,
    config: Path,
    identity: Path | None,
    passphrase_file: Path | None,
    key: Path | None,
    without_key: bool,
    no_config: bool,
    force: bool,
    output: str,
) -> None:
    """Put a backup into the data and configuration folder of a hub that does not run."""
    from hub.cli.commands.secrets import secret_key
    from hub.storage import backup as rooms

    opener, wrapping = _opener(file, identity, passphrase_file), secret_key()
    done = _run(
        lambda: rooms.restore(
            file,
            opener,
            data,
            None if no_config else config,
            key=key,
            without_key=without_key,
            secret_key=wrapping,
            force=force,
            check_config=_check_config,
        )
    )
    for problem in done.problems:
        click.echo(f"warning: {problem}", err=True)
    emit({"file": str(file), **done.as_dict()}, output)


@backup.command("key", short_help="Write the sealing keys, encrypted.")
@click.argument("file", type=FILE)
@options.data
@recipient
@passphrase_file
def key_(file: Path, data: Path, recipients: tuple[str, ...], passphrase_file: Path | None) -> None:
    """Write the sealing keys to FILE, encrypted like a backup, to be kept elsewhere."""
    from hub.storage.backup import export_key

    sealer = _sealer(recipients, passphrase_file)
    _told(lambda: export_key(data, file, sealer))
    click.echo(f"{file}: the sealing keys; keep them apart from the backups")


def _sealer(recipients: tuple[str, ...], passphrase_file: Path | None) -> "Sealer":
    """Return to whom a backup is encrypted: options first, then the environment, then a prompt."""
    from hub.storage.backup import Passphrase, Recipients

    if recipients and passphrase_file is not None:
        raise CliError("--recipient and --passphrase-file exclude each other", status=USAGE)
    if recipients:
        return Recipients(recipients)
    if passphrase_file is None and PASSPHRASE not in os.environ:
        if found := os.environ.get(RECIPIENT, "").split("\n"):
            keys = tuple(line.strip() for line in found if line.strip())
            if keys:
                return Recipients(keys)
        if not sys.stdin.isatty():
            raise CliError(
                "nothing says to whom the backup is encrypted",
                f"use --recipient or --passphrase-file, or set {RECIPIENT} or {PASSPHRASE}",
                status=USAGE,
            )
    return Passphrase(_passphrase(passphrase_file, twice=True))


def _opener(file: Path, identity: Path | None, passphrase_file: Path | None) -> "Opener":
    """Return what opens a backup; asks for the passphrase only when the file needs one."""
    from hub.storage.backup import Identities, Passphrase
    from hub.storage.backup.age import by_passphrase

    if identity is not None:
        return Identities(_text(identity))
    if passphrase_file is None and not _told(lambda: by_passphrase(file)):
        raise CliError(
            f"{file} is encrypted to a recipient", "name its private key: --identity", status=USAGE
        )
    return Passphrase(_passphrase(passphrase_file, twice=False))


def _passphrase(file: Path | None, *, twice: bool) -> str:
    """Return the passphrase; it is never an argument, where every user would see it."""
    if file is not None:
        return _text(file).partition("\n")[0].rstrip("\r")
    if PASSPHRASE in os.environ:
        return os.environ[PASSPHRASE]
    if not sys.stdin.isatty():
        raise CliError(
            "there is no terminal to ask for the passphrase",
            f"use --passphrase-file, or set {PASSPHRASE}",
            status=USAGE,
        )
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise CliError(f"{file}: {reason}", status=USAGE) from None


def _check_config(folder: Path) -> list[Any]:
    from hub.config import check

    return list(check(folder))


def _told(work: Callable[[], T]) -> T:
    """Do something; what the hub's rooms refuse is told as an error of the command."""
    from hub.errors import HubError

    try:
        return work()
    except HubError as error:
        raise CliError(error.message) from None


def _run(work: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await work()

    return _told(lambda: asyncio.run(run()))
