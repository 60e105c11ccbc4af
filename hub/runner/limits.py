"""The numbers of the pool, in one place; tests and benchmarks pass others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are in seconds."""

    connect: float = 10.0
    """TCP, key exchange and login together."""
    login: float = 20.0
    """What the host may take to answer the login."""
    turn: float = 120.0
    """The longest wait for one's turn to connect while many others do."""
    handshakes: int = 16
    """Connections that are being made at once, to all hosts."""
    handshakes_per_host: int = 8
    """The same to one address: sshd drops more than 10 unauthenticated ones."""
    slots: int = 5
    """Sessions on one connection, the kept SFTP session among them; sshd allows 10."""
    slot_wait: float = 60.0
    """The longest wait for a session while others use them all."""
    open_tries: int = 12
    """Attempts to open a session that the host has no room for."""
    open_first: float = 0.002
    """Wait before the second attempt; doubles up to `open_last`."""
    open_last: float = 0.1
    slack: float = 3.0
    """What the hub waits beyond the time limit that holds on the host."""
    linger: float = 1.0
    """What output may take to end after the command did: something kept it open."""
    keepalive: float = 15.0
    keepalive_count: int = 3
    idle: float = 600.0
    """An unused connection is closed after this."""
    retire: float = 10.0
    """What commands may take that run while the credential changes."""
    failures: int = 3
    """Failed connections in a row before a pause."""
    pause: float = 15.0
    """The first pause; doubles up to `longest_pause`."""
    longest_pause: float = 300.0
