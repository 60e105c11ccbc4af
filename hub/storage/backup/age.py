"""Encryption in the age format (age-encryption.org/v1), which the `age` program opens as well.

To recipients everything is streamed. With a passphrase pyrage takes the whole text at once, so the
memory must hold the compressed backup twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from hub.storage.backup.errors import BackupError

SHORTEST: Final = 10
"""Characters of a passphrase; guesses can be tried on a stolen file without end."""

_MAGIC: Final = b"age-encryption.org/v1\n"
_BY_PASSPHRASE: Final = _MAGIC + b"-> scrypt "
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_NONCE: Final = 16
_LONGEST_HEADER: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Seals and opens."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipients:
    """Public keys, `age1...` or `ssh-ed25519 ...`: who has one of the private keys opens."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identities:
    """The text of an identity file: `AGE-SECRET-KEY-1...` lines, or a private SSH key."""

    text: str = field(repr=False)


Sealer = Passphrase | Recipients
Opener = Passphrase | Identities


def encrypt(source: Iterator[bytes], target: BinaryIO, sealer: Sealer) -> None:
    """Write the encrypted form of `source` to an empty file; raises `BackupError`, `OSError`."""
    import pyrage

    start, reader, sink = target.tell(), _Reader(source), _Sink(target)
    try:
        if isinstance(sealer, Passphrase):
            if len(sealer.text) < SHORTEST:
                raise BackupError(f"The passphrase is too short: at least {SHORTEST} characters")
            sink.write(pyrage.passphrase.encrypt(reader.read(), sealer.text))
        else:
            recipients = [_recipient(key) for key in sealer.keys]
            if not recipients:
                raise BackupError("A backup needs a recipient or a passphrase")
            pyrage.encrypt_io(reader, sink, recipients)
    except pyrage.EncryptError as error:
        raise reader.error or sink.error or BackupError(f"Not encrypted: {error}") from error
    # pyrage passes over some failures of the writing side.
    if sink.error is not None:
        raise sink.error
    target.flush()
    if target.tell() - start != sink.header_size() + _payload(reader.count):
        raise BackupError("Not encrypted: the file is not as long as it must be")


def decrypt(source: Path, target: BinaryIO, opener: Opener) -> None:
    """Write the decrypted form of a file to another; raises `BackupError`, `OSError`."""
    import pyrage

    by_passphrase = _kind(source)
    sink = _Sink(target)
    try:
        if isinstance(opener, Passphrase):
            if not by_passphrase:
                raise BackupError(
                    f"{source}: encrypted to a recipient; name the file with its identity"
                )
            sink.write(pyrage.passphrase.decrypt(source.read_bytes(), opener.text))
        else:
            if by_passphrase:
                raise BackupError(f"{source}: encrypted with a passphrase, not to a recipient")
            with source.open("rb") as file:
                pyrage.decrypt_io(file, sink, _identities(opener.text))
    except (pyrage.DecryptError, OSError) as error:
        if sink.error is not None:
            raise sink.error from error
        raise _unopened(source, error, by_passphrase) from error
    if sink.error is not None:
        raise sink.error
    target.flush()


def by_passphrase(source: Path) -> bool:
    """Tell whether a file opens with a passphrase; raises `BackupError` for what is no backup."""
    return _kind(source)


def _kind(source: Path) -> bool:
    try:
        with source.open("rb") as file:
            head = file.read(len(_BY_PASSPHRASE))
    except OSError as error:
        raise BackupError(f"{source}: can not be read: {error.strerror}") from error
    if not head.startswith(_MAGIC):
        raise BackupError(f"{source}: is no encrypted backup (age-encryption.org/v1)")
    return head == _BY_PASSPHRASE


def _unopened(source: Path, error: Exception, by_passphrase: bool) -> BackupError:
    text = str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return BackupError(f"{source}: can not be read: {error.strerror}")
    if by_passphrase and "ecryption failed" in text:
        return BackupError(f"{source}: the passphrase is wrong, or the file is damaged")
    if "No matching keys" in text:
        return BackupError(f"{source}: this identity does not open it; it was made for another")
    return BackupError(f"{source}: the file is damaged or was cut off ({text})")


def _recipient(key: str) -> Any:
    import pyrage

    make: Callable[[str], Any] = (
        pyrage.ssh.Recipient.from_str
        if key.startswith("ssh-")
        else pyrage.x25519.Recipient.from_str
    )
    try:
        return make(key.strip())
    except pyrage.RecipientError as error:
        raise BackupError(
            f"{key[:80]!r} is no recipient: expected age1... or a public SSH key ({error})"
        ) from error


def _identities(text: str) -> list[Any]:
    import pyrage

    try:
        if "PRIVATE KEY-----" in text:
            return [pyrage.ssh.Identity.from_buffer(text.encode())]
        lines = [line.strip() for line in text.splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError as error:
        raise BackupError(f"The identity can not be read: {error}") from error
    if not found:
        raise BackupError("The identity file holds no line AGE-SECRET-KEY-1...")
    return found


def _payload(length: int) -> int:
    """Return the size of the encrypted body of so many bytes."""
    return _NONCE + length + _TAG * max(1, -(-length // _CHUNK))


class _Reader:
    """Chunks as a file to read from; remembers what failed."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._rest = b""
        self.count = 0
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, empty at the end."""
        try:
            if size < 0:
                data = self._rest + b"".join(self._source)
                self._rest = b""
            else:
                while not self._rest and (chunk := next(self._source, None)) is not None:
                    self._rest = chunk
                data, self._rest = self._rest[:size], self._rest[size:]
        except Exception as error:
            self.error = error
            raise
        self.count += len(data)
        return data


class _Sink:
    """A file to write to; remembers what failed, and how the file begins."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._head = b""
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        """Write all of `data`."""
        try:
            if len(self._head) < _LONGEST_HEADER:
                self._head += bytes(data[:_LONGEST_HEADER])
            self._target.write(data)
        except Exception as error:
            self.error = self.error or error
            raise
        return len(data)

    def flush(self) -> None:
        """Bring what was written to the file."""
        try:
            self._target.flush()
        except Exception as error:
            self.error = self.error or error
            raise

    def header_size(self) -> int:
        """Return the size of what stands before the encrypted body."""
        end = self._head.find(b"\n", self._head.find(b"\n--- ") + 1)
        return end + 1
