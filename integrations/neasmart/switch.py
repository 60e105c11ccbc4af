"""Whether foreign and damaged frames are kept out of the log."""

from hub.sdk import EntityCategory, SwitchEntity
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.entity import LineEntity, line_device


class SuppressNoise(LineEntity, SwitchEntity):
    """On: noise is only counted. Off: one line a minute tells how much there was."""

    entity_category = EntityCategory.CONFIG
    translation_key = "suppress_noise"

    def __init__(self, installation: Installation) -> None:
        """Switch the noise of one line."""
        device = line_device(installation)
        super().__init__(installation, "suppress_noise", device, "Suppress noise in the log")

    @property
    def is_on(self) -> bool:
        """Tell whether noise is only counted."""
        return self.installation.server.suppress_noise

    def turn_on(self) -> None:
        """Only count noise."""
        self._set(True)

    def turn_off(self) -> None:
        """Tell noise in the log."""
        self._set(False)

    def _set(self, on: bool) -> None:
        self.installation.server.suppress_noise = on
        self.write()
