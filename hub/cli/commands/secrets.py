"""`hub secrets`: the keys that seal secrets, on the hub's own machine."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli import options
from hub.cli.errors import USAGE, CliError
from hub.cli.output import emit

if TYPE_CHECKING:
    from hub.storage.secrets import Keyring

T = TypeVar("T")

OLD = "OLD_SECRET_KEY"


@click.group(no_args_is_help=True)
def secrets() -> None:
    """Look at the keys that seal secrets, check them, change them."""


@secrets.command(short_help="Which keys there are, and what they seal.")
@options.data
@options.output
def status(data: Path, output: str) -> None:
    """Say which keys there are, how many values each seals, and whether they are wrapped."""
    found = _run(lambda: _status(data))
    if output != "table":
        emit(found, output)
        return
    columns = {"KEY": "id", "MADE": "created_at", "USE": "use", "VALUES": "values"}
    emit(found["keys"], output, columns)
    words = "wrapped by SECRET_KEY" if found["wrapped"] else "not wrapped: no SECRET_KEY"
    click.echo(f"{found['file']} is {words}")


@secrets.command(short_help="Open every sealed value.")
@options.data
@options.output
def check(data: Path, output: str) -> None:
    """Open every sealed value; exit 1 with the place of each that does not open."""
    found = _run(lambda: _check(data))
    if output != "table":
        emit(found, output)
    elif not found["unreadable"]:
        click.echo(f"{found['values']} sealed values, all readable")
    for item in found["unreadable"]:
        if output == "table":
            click.echo(f"{item['place']}: {item['message']}", err=True)
    if found["unreadable"]:
        raise CliError(
            f"{len(found['unreadable'])} of {found['values']} sealed values do not open",
            "enter them anew, or put back the key file that belongs to them",
        )


@secrets.command(short_help="Seal everything with a new key.")
@options.data
@click.option("--force", is_flag=True, help="Pass over values that do not open.")
@options.output
def rotate(data: Path, force: bool, output: str) -> None:
    """Seal every secret with a new key and drop the old ones; the hub may run."""

    def ask() -> Any:
        from hub.cli.client import Client

        return Client(data).post("/api/secrets/rotate", {"force": force})

    done = _run(lambda: _rotate(data, force), when_held=ask)
    if output != "table":
        emit(done, output)
        return
    click.echo(
        f"{done['values']} values are sealed with the new key {done['key']}; "
        f"dropped: {', '.join(done['dropped'])}"
    )


@secrets.command(short_help="Change SECRET_KEY.")
@options.data
@click.option("--unwrap", is_flag=True, help="Leave the keys unwrapped, without any SECRET_KEY.")
def rewrap(data: Path, unwrap: bool) -> None:
    """Wrap the keys by a new SECRET_KEY; the old one is read from OLD_SECRET_KEY, or asked for."""
    from hub.errors import HubError
    from hub.storage.keyfile import KeyFile
    from hub.storage.lock import locked

    new = None if unwrap else secret_key()
    if not new and not unwrap:
        raise CliError("there is no SECRET_KEY to wrap the keys by", "set SECRET_KEY", status=USAGE)
    try:
        with locked(_existing(data)):
            file = KeyFile(key_path(data))
            if file.is_wrapped():
                file = KeyFile(key_path(data), _old())
            file.rewrap(new)
    except HubError as error:
        raise CliError(error.message) from None
    words = "not wrapped any more" if unwrap else "wrapped by the new SECRET_KEY"
    click.echo(f"{key_path(data)} is {words}")


@secrets.command(short_help="Begin anew when the keys are lost.")
@options.data
@options.yes
def reset(data: Path, yes: bool) -> None:
    """Begin with a new key when the old ones are lost; what they sealed must be entered anew."""
    if not yes:
        click.confirm(
            "What is sealed now can never be opened again with the new key. Go on?", abort=True
        )
    kept, lost = _run(lambda: _reset(data))
    if kept is not None:
        click.echo(f"the old key file is kept as {kept}")
    click.echo(f"{lost} sealed values are lost; `hub secrets check` lists them")


def key_path(data: Path) -> Path:
    """Return the key file of a data folder."""
    return data / "keys" / "sealing.json"


def secret_key() -> str | None:
    """Return SECRET_KEY as a hub would find it; raises `CliError` when it can not be read."""
    from hub.config.profiles import find_secret_key

    found, trouble = find_secret_key()
    if trouble is not None:
        raise CliError(trouble, status=USAGE)
    return found


def _old() -> str:
    if found := os.environ.get(OLD):
        return found
    if not sys.stdin.isatty():
        raise CliError("the keys are wrapped", f"set {OLD} to the old secret key", status=USAGE)
    return str(click.prompt("Old SECRET_KEY", hide_input=True))


def _existing(data: Path) -> Path:
    if not (data / "hub.db").is_file():
        raise CliError(f"{data} is no data folder of a hub", "name it with --data", status=USAGE)
    return data


def _run(work: Callable[[], Awaitable[T]], *, when_held: Callable[[], T] | None = None) -> T:
    """Run a coroutine function; what the hub's rooms refuse is told as an error of the command.

    `when_held` is done instead when a running hub holds the data folder.
    """
    from hub.errors import HubError
    from hub.storage.lock import Held

    async def run() -> T:
        return await work()

    try:
        return asyncio.run(run())
    except HubError as error:
        if isinstance(error, Held) and when_held is not None:
            return when_held()
        raise CliError(error.message) from None


@asynccontextmanager
async def _looking(data: Path) -> AsyncIterator["Keyring"]:
    """Open database and keys for reading, beside a hub that may run."""
    from hub.storage import Database
    from hub.storage.secrets import Keyring

    database = Database(_existing(data) / "hub.db")
    await database.look()
    try:
        yield Keyring(database, key_path(data), secret_key())
    finally:
        await database.close()


async def _status(data: Path) -> dict[str, Any]:
    from hub.storage.rotation import census

    async with _looking(data) as keyring:
        async with keyring.database.read() as connection:
            found = dict((await census(None, connection)).keys)
        described = await asyncio.to_thread(keyring.file.described)
        keys: list[dict[str, Any]] = [
            {**key, "use": "opens" if number else "seals", "values": found.pop(key["id"], 0)}
            for number, key in enumerate(described)
        ]
        for key, values in found.items():
            keys.append({"id": key, "created_at": None, "use": "missing", "values": values})
        wrapped = await asyncio.to_thread(keyring.file.is_wrapped)
    return {"file": str(key_path(data)), "wrapped": wrapped, "keys": keys}


async def _check(data: Path) -> dict[str, Any]:
    from hub.storage.rotation import census

    async with _looking(data) as keyring:
        await keyring.look()
        async with keyring.database.read() as connection:
            found = await census(keyring, connection)
    unreadable = [{"place": item.place, "message": item.message} for item in found.unreadable]
    return {"values": found.values, "keys": dict(found.keys), "unreadable": unreadable}


async def _rotate(data: Path, force: bool) -> dict[str, Any]:
    from hub.storage import Database
    from hub.storage.lock import locked
    from hub.storage.rotation import rotate
    from hub.storage.secrets import Keyring

    with locked(_existing(data)):
        database = Database(data / "hub.db")
        await database.open()
        try:
            keyring = Keyring(database, key_path(data), secret_key())
            await keyring.load()
            return (await rotate(keyring, force=force)).as_dict()
        finally:
            await database.close()


async def _reset(data: Path) -> tuple[Path | None, int]:
    """Return where the old key file is kept and how many values do not open any more."""
    from hub.storage import Database
    from hub.storage.lock import locked
    from hub.storage.rotation import census
    from hub.storage.secrets import Keyring

    with locked(_existing(data)):
        database = Database(data / "hub.db")
        await database.open()
        try:
            keyring = Keyring(database, key_path(data), secret_key())
            kept = await keyring.reset()
            async with database.read() as connection:
                found = await census(keyring, connection)
        finally:
            await database.close()
    return kept, len(found.unreadable)
