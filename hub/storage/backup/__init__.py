"""Backups: made beside a running hub, encrypted, proved, put back as a whole."""

from hub.storage.backup.age import Identities, Opener, Passphrase, Recipients, Sealer
from hub.storage.backup.create import Created, create, export_key
from hub.storage.backup.errors import BackupError
from hub.storage.backup.files import Backup, listed, prune
from hub.storage.backup.prove import Proved, verify
from hub.storage.backup.restore import Restored, restore

__all__ = [
    "Backup",
    "BackupError",
    "Created",
    "Identities",
    "Opener",
    "Passphrase",
    "Proved",
    "Recipients",
    "Restored",
    "Sealer",
    "create",
    "export_key",
    "listed",
    "prune",
    "restore",
    "verify",
]
