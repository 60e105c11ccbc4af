"""Software that has a version and perhaps a newer one."""

from collections.abc import Awaitable, Mapping
from enum import IntFlag
from typing import Any, ClassVar

import voluptuous as vol

from hub.entities.entity import Entity
from hub.entities.service import EntityService
from hub.errors import NotAllowed
from hub.schema import boolean, text
from hub.services import Field


class UpdateFeature(IntFlag):
    """Feature bits of update entities (Home Assistant's UpdateEntityFeature)."""

    INSTALL = 1
    SPECIFIC_VERSION = 2
    PROGRESS = 4
    BACKUP = 8
    RELEASE_NOTES = 16


class UpdateEntity(Entity):
    """An installed version beside the latest one; on = there is something to install."""

    kind = "update"
    SERVICES: ClassVar = (
        EntityService(
            "install",
            "handle_install",
            {vol.Optional("version"): text, vol.Optional("backup", default=False): boolean},
            {
                "version": Field({"text": None}, name="Version"),
                "backup": Field({"boolean": None}, name="Backup first"),
            },
            title="Install",
            features=UpdateFeature.INSTALL,
        ),
    )
    title: str | None = None
    release_url: str | None = None
    release_summary: str | None = None

    @property
    def installed_version(self) -> str | None:
        """Return what runs now."""
        return None

    @property
    def latest_version(self) -> str | None:
        """Return what could run."""
        return None

    @property
    def in_progress(self) -> bool:
        """Tell whether an installation is running."""
        return False

    @property
    def update_percentage(self) -> float | None:
        """Return the progress, 0..100."""
        return None

    @property
    def state_value(self) -> str | None:
        """Return `on` when the latest version is not the installed one."""
        installed, latest = self.installed_version, self.latest_version
        if installed is None or latest is None:
            return None
        return "off" if installed == latest else "on"

    @property
    def state_attributes(self) -> Mapping[str, Any]:
        """Return versions, progress and release."""
        return {
            "installed_version": self.installed_version,
            "latest_version": self.latest_version,
            "in_progress": self.in_progress,
            "update_percentage": self.update_percentage,
            "title": self.title,
            "release_url": self.release_url,
            "release_summary": self.release_summary,
        }

    def handle_install(self, backup: bool, version: str | None = None) -> Awaitable[None] | None:
        """Refuse a second installation and one that has nothing to do, then install."""
        if self.in_progress:
            raise NotAllowed(f"{self.entity_id} is already being installed")
        if version is None and self.installed_version == self.latest_version:
            raise NotAllowed(f"{self.entity_id} is up to date")
        return self.install(version, backup)

    def install(self, version: str | None, backup: bool) -> Awaitable[None] | None:
        """Install `version` (None: the latest)."""
        raise NotImplementedError
