"""The entity that tells whether the MQTT broker is reached."""

from hub.entities import EntityCategory
from hub.entities.kinds import BinarySensorEntity


class MqttConnected(BinarySensorEntity):
    """`binary_sensor.mqtt_connected`: on while the link to the broker is open."""

    unique_id = "connected"
    name = "MQTT connected"
    suggested_object_id = "mqtt_connected"
    device_class = "connectivity"
    entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self) -> None:
        """Start disconnected."""
        self._connected = False

    @property
    def is_on(self) -> bool:
        """Tell whether the link is open."""
        return self._connected

    def show(self, *, connected: bool) -> None:
        """Publish a change."""
        if connected != self._connected:
            self._connected = connected
            self.write()
