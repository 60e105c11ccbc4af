"""What `hub doctor` examines, and how it tells what it found."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from hub.cli.client import Client
from hub.cli.errors import CliError
from hub.cli.find import DATA


class Finding(NamedTuple):
    """One line of the report."""

    level: str
    """`ok`, `warn` or `fail`."""
    name: str
    message: str
    hint: str = ""


class Patient:
    """What is examined: a configuration, a data folder and the hub that answers."""

    def __init__(self, config: Path, data: Path | None) -> None:
        """Examine these folders; without `data` the one that commands would use."""
        self.config = config
        self.named = data
        self.data = data or Path(os.environ.get("HUB_DATA") or DATA)

    @cached_property
    def settings(self) -> Any:
        """Return the settings; raises `ConfigError`."""
        from hub.config import load

        return load(self.config)

    @cached_property
    def client(self) -> Client:
        """Return the client of the hub that commands would ask; raises `CliError`."""
        return Client(self.named)

    @cached_property
    def told(self) -> dict[str, Any] | CliError:
        """Return what the hub says of itself, or why it says nothing."""
        try:
            found: dict[str, Any] = self.client.request("GET", "/api/config", seconds=5).json()
        except CliError as error:
            return error
        return found

    @property
    def runs(self) -> bool:
        """Tell whether a hub has the data folder: it holds the lock."""
        import fcntl

        try:
            handle = os.open(self.data / "hub.lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False
