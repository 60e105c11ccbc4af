"""Opening an SSH connection: host key first, then one login. Imports asyncssh."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import asyncssh

from hub.runner.command import printable
from hub.runner.counters import Counters
from hub.runner.errors import (
    AuthFailed,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidCredential,
    Unreachable,
)
from hub.runner.hostkeys import HostKey, algorithms, fingerprint_of, trusts
from hub.runner.link import Link

if TYPE_CHECKING:
    from hub.errors import HubError
    from hub.runner.limits import Limits
    from hub.runner.server import Server
    from hub.util.clock import Clock


# With these, a packet costs about half of what it does with asyncssh's first choice, chacha20.
_CIPHERS: Final = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"


class _Gate(asyncssh.SSHClient):
    """Looks at the host key before anything is sent, and gives the password once at most."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._password = server.password
        self.seen: HostKey | None = None

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Trust pinned keys only."""
        del host, addr, port
        self.seen = HostKey(key.get_algorithm(), key.public_data)
        return trusts(self._server.host_keys, self.seen)

    def password_auth_requested(self) -> str | None:
        """Give the password, once."""
        password, self._password = self._password, None
        return password

    def kbdint_auth_requested(self) -> str | None:
        """Take part when the password has not been tried yet."""
        return None if self._password is None else ""

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """Answer the one hidden question with the password."""
        del name, instructions, lang
        if not prompts:
            return []
        hidden = [text for text, echo in prompts if not echo]
        if len(prompts) != 1 or not hidden or self._password is None:
            return None
        return [self.password_auth_requested() or ""]


async def connect(server: "Server", limits: "Limits", clock: "Clock", counters: Counters) -> Link:
    """Connect and log in; raises the errors of `hub.runner.errors`.

    A host whose key is not pinned is left before a credential is sent.
    """
    gate = _Gate(server)
    by_key = server.private_key is not None
    keys = [await asyncio.to_thread(load_key, server)] if by_key else None
    try:
        connection = await asyncssh.connect(
            server.address,
            server.port,
            username=server.user,
            client_factory=lambda: gate,
            client_keys=keys,
            known_hosts=([], [], []),
            server_host_key_algs=algorithms(server.host_keys),
            x509_trusted_certs=None,
            config=None,
            agent_path=None,
            public_key_auth=by_key,
            password_auth=not by_key,
            kbdint_auth=not by_key,
            host_based_auth=False,
            gss_auth=False,
            gss_kex=False,
            encryption_algs=_CIPHERS,
            compression_algs=None,
            keepalive_interval=limits.keepalive,
            keepalive_count_max=limits.keepalive_count,
            connect_timeout=limits.connect,
            login_timeout=limits.login,
        )
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise _translated(error, server, gate, limits) from None
    return Link(connection, limits, clock, counters)


def load_key(server: "Server") -> asyncssh.SSHKey:
    """Read a private key from memory; raises `InvalidCredential`."""
    return read_key(server.private_key or "", server.passphrase)


def read_key(text: str, passphrase: str | None) -> asyncssh.SSHKey:
    """Read a private key; raises `InvalidCredential` with what is wrong."""
    try:
        return asyncssh.import_private_key(text, passphrase)
    except asyncssh.KeyEncryptionError:
        raise InvalidCredential("the passphrase does not open the private key") from None
    except asyncssh.KeyImportError as error:
        if "assphrase" in str(error):
            raise InvalidCredential("the private key needs its passphrase") from None
        raise InvalidCredential(
            "not a private key; give the whole text of the file, from BEGIN to END"
        ) from None
    except ValueError:
        raise InvalidCredential("not a private key that can be used") from None


async def fetch_host_key(address: str, port: int, limits: "Limits") -> HostKey:
    """Ask a host for its key without logging in; raises `Unreachable`."""
    try:
        async with asyncio.timeout(limits.connect):
            key = await asyncssh.get_server_host_key(
                address, port, config=None, server_host_key_algs=algorithms(())
            )
    except TimeoutError:
        raise Unreachable(
            f"{address}:{port} did not show a key within {limits.connect:.0f} s"
        ) from None
    except (asyncssh.Error, OSError) as error:
        raise Unreachable(f"{address}:{port}: {_words(error)}") from None
    if key is None:
        raise Unreachable(f"{address}:{port} showed no key")
    return HostKey(key.get_algorithm(), key.public_data)


def _translated(error: Exception, server: "Server", gate: _Gate, limits: "Limits") -> "HubError":
    """Say in the hub's words what went wrong; special classes first, they share ancestors."""
    where = f"{server.id} ({server.place})"
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return _untrusted(server, gate.seen, where)
    refused = isinstance(error, (asyncssh.PermissionDenied, asyncssh.IllegalUserName))
    if refused or "authentication failures" in str(error):
        return AuthFailed(
            f"{where} refuses user {server.user} with this"
            f" {'key' if server.private_key else 'password'};"
            " it is not tried again until the resource changes"
        )
    if isinstance(error, TimeoutError):
        return Unreachable(f"{where}: no answer within {limits.connect:.0f} s")
    return Unreachable(f"{where}: {_words(error)}")


def _untrusted(server: "Server", seen: HostKey | None, where: str) -> "HubError":
    shown = f"{seen.algorithm} {seen.fingerprint}" if seen else "a key that can not be read"
    if not server.host_keys:
        return HostKeyUnknown(
            f"{where} shows the key {shown}, and none is trusted yet; compare it with"
            " `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there and confirm it with the"
            " service host.trust_key, or put it into host_keys",
            seen=seen,
        )
    pinned = ", ".join(fingerprint_of(text) for text in server.host_keys)
    return HostKeyChanged(
        f"{where} shows the key {shown}, trusted is {pinned}: the host was set up anew, or"
        " somebody stands between; no credential was sent. If the new key is right, confirm it"
        " with the service host.trust_key",
        seen=seen,
    )


def _words(error: Exception) -> str:
    if isinstance(error, asyncssh.DisconnectError):
        return printable(error.reason) or "the connection was closed"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return printable(str(error)) or type(error).__name__
