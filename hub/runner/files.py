"""Files on a host: atomic writes and bounded reads, over SFTP. Imports asyncssh."""

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Final

import asyncssh

from hub.errors import HubError, NotFound
from hub.runner.command import printable
from hub.runner.errors import AccessDenied, CommandFailed, DiskFull, TooLarge
from hub.runner.link_errors import FilesLost

if TYPE_CHECKING:
    from hub.runner.link import Link

# a connection that goes away shows as any of these
_LOST: Final = (
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.DisconnectError,
    OSError,
)
_MARGIN: Final = 4096
_CLEAN_SECONDS: Final = 2.0


def beside(path: str) -> str:
    """Return a new name in the same folder, hidden and not to be guessed."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name[:100]}.hub-{secrets.token_hex(6)}"


async def write(
    link: "Link", where: str, path: str, temporary: str, data: bytes, mode: int
) -> None:
    """Write beside, flush to the disk, rename over; on failure nothing is left behind."""
    async with link.files() as sftp:
        try:
            await _preflight(sftp, where, path, len(data))
            try:
                await _fill(sftp, temporary, data, mode)
                await sftp.posix_rename(temporary, path)
            except BaseException:
                with contextlib.suppress(asyncssh.Error, OSError):
                    async with asyncio.timeout(_CLEAN_SECONDS):
                        await sftp.remove(temporary)
                raise
        except _LOST:
            link.drop_files(sftp)
            raise FilesLost from None
        except asyncssh.SFTPError as error:
            raise await _translated(sftp, error, where, path, len(data)) from None


async def read(link: "Link", where: str, path: str, limit: int) -> bytes:
    """Return a file of at most `limit` bytes."""
    async with link.files() as sftp:
        try:
            async with sftp.open(path, "rb") as file:
                # one byte more tells a larger file, whatever its size claims to be
                data: bytes = await file.read(limit + 1)
        except _LOST:
            link.drop_files(sftp)
            raise FilesLost from None
        except asyncssh.SFTPError as error:
            raise await _translated(sftp, error, where, path, 0) from None
    if len(data) > limit:
        raise TooLarge(f"{where}: {path} is larger than {limit} bytes")
    return data


async def _fill(sftp: asyncssh.SFTPClient, path: str, data: bytes, mode: int) -> None:
    attributes = asyncssh.SFTPAttrs(permissions=0o600)
    async with sftp.open(path, "wb", attributes) as file:
        await file.write(data)
        with contextlib.suppress(asyncssh.SFTPOpUnsupported):
            await file.fsync()
        await file.setstat(asyncssh.SFTPAttrs(permissions=mode))


async def _preflight(sftp: asyncssh.SFTPClient, where: str, path: str, size: int) -> None:
    """Refuse a file that has no room; hosts that can not tell are tried."""
    free = await _free(sftp, path)
    if free is not None and free < size + _MARGIN:
        raise DiskFull(f"{where}: {path} needs {size} bytes and {free} are free")


async def _free(sftp: asyncssh.SFTPClient, path: str) -> int | None:
    try:
        disk = await sftp.statvfs(path.rpartition("/")[0] or "/")
    except asyncssh.SFTPError:
        return None
    return disk.bavail * disk.frsize


async def _translated(
    sftp: asyncssh.SFTPClient, error: asyncssh.SFTPError, where: str, path: str, size: int
) -> HubError:
    """Say what an SFTP failure means; OpenSSH tells a full disk only as "Failure"."""
    if isinstance(error, (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)):
        return NotFound(f"{where}: there is no {path}")
    if isinstance(error, (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect)):
        return AccessDenied(f"{where}: the user may not touch {path}")
    if isinstance(error, (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)):
        return DiskFull(f"{where}: no room for {path}")
    if isinstance(error, asyncssh.SFTPFailure) and size:
        free = await _free(sftp, path)
        if free is not None and free < size + _MARGIN:
            return DiskFull(f"{where}: no room for {path}: {size} bytes needed, {free} free")
    return CommandFailed(f"{where}: {path}: {printable(error.reason) or 'failed'}")
