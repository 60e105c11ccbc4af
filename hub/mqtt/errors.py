"""What can go wrong between the hub and a broker, in words a person can act on."""

from paho.mqtt.client import convert_disconnect_error_code_to_reason_code
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from hub.errors import Unavailable

_ADVICE = {
    129: "the broker found a packet malformed",
    130: "the broker found a breach of the protocol",
    132: "the broker does not speak this MQTT version",
    133: "the broker does not accept the client id",
    134: "wrong user name or password",
    135: "not authorised by the broker's access rules",
    136: "the broker is unavailable",
    137: "the broker is busy",
    138: "the broker has banned this client",
    139: "the broker is shutting down",
    141: "the broker heard nothing within the keepalive time",
    142: "another client with the same id took over: is a second hub using this hub_id?",
    144: "the broker refuses this topic name",
    147: "too many unacknowledged messages for the broker",
    149: "a packet was larger than the broker accepts",
    150: "the broker says the message rate is too high",
    151: "the broker's quota is exceeded",
    152: "disconnected by the broker's administrator",
    154: "the broker does not keep retained messages",
    155: "the broker does not support this QoS",
}

UNSUPPORTED_VERSION = 132
TAKEN_OVER = 142
_FAILURE = 128


class LinkError(Unavailable):
    """The broker can not be reached, refuses, or went away."""

    code = "mqtt_unavailable"

    def __init__(self, message: str, reason: int | None = None) -> None:
        """Keep MQTT's numeric reason beside the words, when there is one."""
        super().__init__(message)
        self.reason = reason


def words(reason: ReasonCode | int) -> str:
    """Return a reason code in words."""
    value = reason if isinstance(reason, int) else reason.value
    known = _ADVICE.get(value)
    if known is not None:
        return known
    return f"reason {value}" if isinstance(reason, int) else str(reason).lower()


def failed(reason: ReasonCode) -> bool:
    """Tell whether a reason code means refusal."""
    return bool(reason.value >= _FAILURE)


def lost_words(code: MQTTErrorCode) -> str:
    """Return paho's own error code in words."""
    return words(convert_disconnect_error_code_to_reason_code(code))
