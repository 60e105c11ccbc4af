"""Topics and payloads of others in the log of a real hub with a real broker."""

import json
import time
from typing import Any

from tests.peers.mosquitto import Mosquitto

TOPIC = "hub/h1/switch/x\u2028FORGED ERROR\u202e/set"
PAYLOAD = "x\nFORGED\r\x1b[31m\u2028y"


def test_mqtt_topics_and_payloads_can_not_forge_lines(start_hub: Any, mosquitto: Mosquitto) -> None:
    hub = start_hub(
        f"hub:\n  name: Test\n  hub_id: h1\nmqtt:\n  broker:\n    host: 127.0.0.1\n"
        f"    port: {mosquitto.port}\nlogger:\n  level: debug\n  format: json\n"
    )
    while "refused" not in hub.log:  # until the hub has subscribed
        mosquitto.publish(TOPIC, PAYLOAD)
        time.sleep(0.2)
    hub.stop()
    told = []
    for line in filter(None, hub.log.split("\n")):
        told.append(json.loads(line)["event"])
        assert len(line.splitlines()) == 1
        assert line.isprintable()
    assert any("FORGED" in text for text in told)
