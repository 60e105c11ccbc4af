"""What a person needs to find a fault on the line; addresses of peers are all that is private."""

from dataclasses import asdict
from typing import Any

from integrations.neasmart.coordinator import Installation


def diagnostics(installation: Installation) -> dict[str, Any]:
    """Return counters, peers, open commands, undocumented registers and the newest traffic."""
    server, image = installation.server, installation.image
    now = image.monotonic()
    return {
        "name": installation.settings.name,
        "options": asdict(server.options),
        "listening": server.listening,
        "error": server.error,
        "counters": server.counters().as_dict(),
        "connections": server.connections,
        "refused": server.refused,
        "peers": {
            peer.name: {
                "connected_s": round(now - peer.connected_at, 1),
                "silent_s": round(now - peer.heard_at, 1),
                **peer.counters.as_dict(),
            }
            for peer in server.peers
        },
        "ages_s": {
            str(group): round(age, 1)
            for group in range(61)
            if (age := image.age(group)) is not None
        },
        "commands": [
            {
                "address": command.address,
                "raw": command.raw,
                "state": command.phase.value,
                "reason": command.reason,
                "age_s": round(now - command.queued_at, 1),
            }
            for command in image.last.values()
        ],
        "protected_writes": image.protected_writes,
        "expired_commands": image.expired,
        "undocumented": {str(address): raw for address, raw in image.undocumented.items()},
        "undocumented_writes": image.undocumented_writes,
        "store_failures": installation.store.failures,
        "capture_dropped": server.capture.dropped if server.capture else None,
        "trace": [
            {"ago_s": round(now - at, 4), "peer": peer, "direction": direction, "data": data.hex()}
            for at, peer, direction, data in server.trace
        ],
    }
