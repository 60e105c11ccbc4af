"""MQTT: every entity on retained topics, commands, discovery, nothing stale left behind."""

from hub.mqtt.options import BrokerSettings, Discovery, MqttSettings, Protocol
from hub.mqtt.service import Mqtt

__all__ = ["BrokerSettings", "Discovery", "Mqtt", "MqttSettings", "Protocol"]
