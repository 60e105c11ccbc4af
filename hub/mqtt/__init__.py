"""MQTT: every entity on retained topics, commands, discovery, nothing stale left behind."""

from hub.mqtt.service import Mqtt

__all__ = ["Mqtt"]
