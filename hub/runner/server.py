"""What the hub has to know of a host to connect to it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Sudo(StrEnum):
    """How the user becomes root."""

    NONE = "none"
    """Not at all, or it is root already."""
    NOPASSWD = "nopasswd"
    """`sudo -n`: the rules of the host ask for no password."""
    PASSWORD = "password"  # noqa: S105 - the name of a mode
    """`sudo -S`: the password goes over standard input."""


@dataclass(frozen=True, slots=True)
class Server:
    """One host: where it is, who the hub is there, and by which keys it is known."""

    key: str
    """The key of its resource."""
    address: str
    user: str
    port: int = 22
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    sudo: Sudo = Sudo.NONE
    sudo_password: str | None = field(default=None, repr=False)
    host_keys: tuple[str, ...] = ()
    """Pins: public keys or SHA256 fingerprints; several while keys are changed."""

    @property
    def id(self) -> str:
        """Return the id of its resource."""
        return f"host.server/{self.key}"

    @property
    def place(self) -> str:
        """Return `user@address:port` for messages."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.user}@{address}:{self.port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every secret text, for redaction."""
        texts = (self.password, self.private_key, self.passphrase, self.sudo_password)
        return tuple(text for text in texts if text)

    def same_way_in(self, other: "Server") -> bool:
        """Tell whether a connection made for the other may be used for this one."""
        return self.way_in == other.way_in

    @property
    def way_in(self) -> tuple[object, ...]:
        """Return all that a connection depends on."""
        return (
            self.address,
            self.port,
            self.user,
            self.password,
            self.private_key,
            self.passphrase,
            self.host_keys,
        )
