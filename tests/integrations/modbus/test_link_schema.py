"""The spec of a link: what is accepted, what it becomes, what is refused and where."""

from typing import Any

import pytest
import voluptuous as vol

from hub.schema import form
from hub.schema.markers import markers
from integrations.modbus.line.options import LinkOptions, RtuOverTcp, Serial, Tcp, Tls, Udp
from integrations.modbus.link_schema import LINK

HOST = {"host": "192.0.2.1"}
PEM = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"
SERIAL = {"type": "rtu", "device": "/dev/ttyUSB0"}


@pytest.mark.parametrize(
    ("transport", "expected"),
    [
        (HOST, Tcp("192.0.2.1")),
        ({"type": "tcp", **HOST, "port": "1502"}, Tcp("192.0.2.1", 1502)),
        ({"type": "udp", **HOST}, Udp("192.0.2.1")),
        (
            {"type": "rtu_over_tcp", **HOST, "port": 4196, "echo": True},
            RtuOverTcp("192.0.2.1", 4196, echo=True),
        ),
        ({"type": "tls", **HOST}, Tls("192.0.2.1", 802)),
        (
            {
                "type": "tls", **HOST, "server_name": "meter.test",
                "ca": PEM, "certificate": PEM, "key": KEY,
            },
            Tls("192.0.2.1", 802, "meter.test", PEM, PEM, KEY),
        ),
        (SERIAL, Serial("/dev/ttyUSB0")),
        (
            {**SERIAL, "baudrate": 19_200, "parity": "E", "stopbits": 2, "bytesize": 7},
            Serial("/dev/ttyUSB0", 19_200, 7, "E", 2),
        ),
    ],
)  # fmt: skip
def test_transports(transport: dict[str, Any], expected: object) -> None:
    spec = LINK({"transport": transport})
    assert LINK(spec) == spec, "what was filled in is accepted again"
    options = LinkOptions.from_spec(spec)
    assert options == LinkOptions(expected)  # type: ignore[arg-type]
    assert options.transport.place in {
        "192.0.2.1:502", "192.0.2.1:1502", "192.0.2.1:4196", "192.0.2.1:802", "/dev/ttyUSB0",
    }  # fmt: skip
    assert KEY not in repr(options)


def test_everything_else() -> None:
    spec = LINK(
        {
            "name": "Cellar",
            "transport": HOST,
            "timeout": 1,
            "connect_timeout": 2,
            "pause": 0.1,
            "connect_pause": 0.2,
            "requests": 4,
            "retries": 0,
            "capture": {"enabled": True},
            "gateway": {
                "clients": "192.0.2.7/24",
                "write": [{"unit": 1, "table": "holding", "first": 0, "last": 10}],
            },
        }
    )
    assert LinkOptions.from_spec(spec) == LinkOptions(Tcp("192.0.2.1"), 1, 2, 0.1, 0.2, 4, 0)
    assert spec["capture"] == {"enabled": True, "size_mb": 16}
    assert spec["gateway"] == {
        "host": "127.0.0.1", "port": 1502, "clients": ["192.0.2.0/24"], "max_clients": 8,
        "max_age": 0, "idle": 300,
        "write": [{"unit": 1, "table": "holding", "first": 0, "last": 10}],
    }  # fmt: skip
    assert "gateway" not in LINK({"transport": HOST})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"transport": {}}, "transport.host"),
        ({"transport": {"type": "ascii", **HOST}}, "transport.type"),
        ({"transport": {"host": "http://a"}}, "transport.host"),
        ({"transport": {"host": ""}}, "transport.host"),
        ({"transport": {**HOST, "port": 0}}, "transport.port"),
        ({"transport": {**HOST, "baudrate": 9600}}, "transport.baudrate"),
        ({"transport": {"type": "rtu_over_tcp", **HOST}}, "transport.port"),
        ({"transport": {**SERIAL, "device": "ttyUSB0"}}, "transport.device"),
        ({"transport": {**SERIAL, "device": "/dev/../etc/passwd"}}, "transport.device"),
        ({"transport": {**SERIAL, "parity": "X"}}, "transport.parity"),
        ({"transport": {**SERIAL, "baudrate": 9600.5}}, "transport.baudrate"),
        ({"transport": {"type": "tls", **HOST, "ca": "no"}}, "transport.ca"),
        ({"transport": {"type": "tls", **HOST, "certificate": PEM}}, "transport.key"),
        ({"transport": {"type": "tls", **HOST, "key": KEY}}, "transport.certificate"),
        ({"transport": SERIAL, "requests": 2}, "requests"),
        ({"requests": 9}, "requests"),
        ({"retries": 6}, "retries"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"pause": -1}, "pause"),
        ({"capture": {"size_mb": 0}}, "capture.size_mb"),
        ({"gateway": {"clients": ["nobody"]}}, "gateway.clients.0"),
        (
            {"gateway": {"write": [{"unit": 1, "table": "input", "first": 0, "last": 1}]}},
            "gateway.write.0.table",
        ),
        (
            {"gateway": {"write": [{"unit": 1, "table": "coil", "first": 2, "last": 1}]}},
            "gateway.write.0.last",
        ),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(vol.MultipleInvalid) as told:
        LINK({"transport": HOST, **change})
    assert ".".join(str(part) for part in told.value.errors[0].path) == path


def test_the_key_is_a_secret_and_the_form_is_complete() -> None:
    assert [".".join(map(str, path)) for path, _ in markers(LINK)] == ["transport.key"]
    fields = {field["name"]: field for field in form(LINK)}
    assert {"name", "transport", "timeout", "retries", "gateway", "capture"} <= set(fields)
    assert fields["timeout"]["unit"] == "s"
    kinds = [branch["fields"][0]["options"][0] for branch in fields["transport"]["any_of"]]
    assert kinds == ["tcp", "udp", "rtu_over_tcp", "tls", "rtu"]
    for field in fields.values():
        assert field["description"]
