"""The link against a real mosquitto."""

import asyncio
import logging
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from paho.mqtt.enums import MQTTProtocolVersion

from hub.config.settings import BrokerSettings
from hub.mqtt.errors import LinkError
from hub.mqtt.link import Link, Message, Subscription, Will
from tests.hub.mqtt.conftest import settle
from tests.peers.mosquitto import Mosquitto
from tests.peers.ports import wait_until

V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


def settings(broker: Mosquitto, **more: object) -> BrokerSettings:
    return BrokerSettings("127.0.0.1", broker.port, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [V5, V311], ids=["5", "3.1.1"])
async def test_publishes_and_receives(mosquitto: Mosquitto, version: MQTTProtocolVersion) -> None:
    got: list[Message] = []
    link = Link(settings(mosquitto), "one", version, on_message=got.append)
    await link.open()
    await link.subscribe({"a/#": Subscription()})
    await link.publish_acked("a/b", "grün".encode(), retain=True)
    await wait_until(lambda: got)
    assert got[0].topic == "a/b"
    assert got[0].payload == "grün".encode()
    assert mosquitto.retained("a/#") == {"a/b": "grün"}
    await link.unsubscribe(["a/#"])
    await link.close()
    assert not link.connected


async def test_window_of_the_broker_is_respected(mosquitto: Mosquitto) -> None:
    link = Link(settings(mosquitto), "one")
    await link.open()
    assert link.window == 20  # mosquitto's default, told as Receive Maximum
    await link.clear_retained([f"n/{number}" for number in range(100)])
    await link.close()


async def test_each_qos_1_message_is_acknowledged(mosquitto: Mosquitto) -> None:
    link = Link(settings(mosquitto), "one", V311, window=100)
    await link.open()
    answers: list[str | None] = []
    for number in range(100):
        link.publish(f"n/{number}", b"x", done=answers.append)
    assert link.free == 0
    with pytest.raises(LinkError, match="unacknowledged"):
        link.publish("n/100", b"x")
    await wait_until(lambda: len(answers) == 100)
    assert set(answers) == {None}
    assert link.free == 100
    await link.close()


async def test_will_is_published_when_the_link_breaks_and_not_after_close(
    mosquitto: Mosquitto,
) -> None:
    for polite, expected in ((True, {}), (False, {"gone": "offline"})):
        link = Link(settings(mosquitto), "one", will=Will("gone", b"offline"))
        await link.open()
        if polite:
            await link.close()
        else:
            link.abort()
        # The broker notices a broken link when it comes to it.
        found = await settle(mosquitto, lambda x, polite=polite: polite or x != {})
        assert found == expected


async def test_a_broker_that_ends_is_told_once(mosquitto: Mosquitto) -> None:
    lost: list[LinkError] = []
    link = Link(settings(mosquitto), "one", on_lost=lost.append)
    await link.open()
    failed: list[str | None] = []
    link.publish("x", b"y" * 200_000, done=failed.append)
    mosquitto.stop(signal.SIGKILL)
    await wait_until(lambda: lost)
    await wait_until(lambda: failed)
    assert len(lost) == 1
    with pytest.raises(LinkError, match="not connected"):
        link.publish("x", b"y")


async def test_nobody_listens(free_port: int) -> None:
    link = Link(BrokerSettings("127.0.0.1", free_port), "one")
    with pytest.raises(LinkError, match="connection refused"):
        await link.open()


async def test_unknown_host() -> None:
    link = Link(BrokerSettings("no-such-host.invalid", 1883), "one")
    with pytest.raises(LinkError, match="host name is unknown"):
        await link.open()


@pytest.mark.parametrize("version", [V5, V311], ids=["5", "3.1.1"])
async def test_wrong_password_is_said_in_words_and_never_logged(
    mosquitto_with_password: Mosquitto,
    version: MQTTProtocolVersion,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    who = settings(mosquitto_with_password, username="tester", password="hunter2-wrong")
    link = Link(who, "one", version)
    with pytest.raises(LinkError, match=r"not authorised|user name or password") as caught:
        await link.open()
    assert "hunter2" not in f"{caught.value} {who} {caplog.text}"


async def test_right_password(mosquitto_with_password: Mosquitto) -> None:
    who = settings(mosquitto_with_password, username="tester", password="open-sesame")
    link = Link(who, "one")
    await link.open()
    await link.close()


async def test_a_refused_publish_names_the_reason(
    start_mosquitto: Callable[..., Mosquitto],
) -> None:
    broker = start_mosquitto()
    acl = broker.folder / "acl"
    acl.write_text("topic write allowed/#\n")
    broker.stop()
    broker.extra = (f"acl_file {acl}",)
    broker.start()
    link = Link(settings(broker), "one")
    await link.open()
    await link.publish_acked("allowed/x", b"y")
    with pytest.raises(LinkError, match="forbidden/x: not auth"):
        await link.publish_acked("forbidden/x", b"y")
    await link.close()


async def test_retained_as_published_tells_a_live_retained_message(mosquitto: Mosquitto) -> None:
    got: list[Message] = []
    link = Link(settings(mosquitto), "one", on_message=got.append)
    await link.open()
    await link.subscribe({"a": Subscription(retain_as_published=True), "b": Subscription()})
    await asyncio.to_thread(mosquitto.publish, "a", "1", retain=True)
    await asyncio.to_thread(mosquitto.publish, "b", "1", retain=True)
    await wait_until(lambda: len(got) == 2)
    assert [(x.topic, x.retain) for x in got] == [("a", True), ("b", False)]
    await link.close()


async def test_a_peer_that_never_answers_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.mqtt.link.DIAL_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        link = Link(BrokerSettings("127.0.0.1", silent.getsockname()[1]), "one")
        with pytest.raises(LinkError, match="did not answer in time"):
            await link.open()


async def test_a_peer_that_talks_nonsense(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.mqtt.link.DIAL_TIMEOUT", 0.3)

    ended = asyncio.Event()

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(nonsense, "127.0.0.1", free_port)
    link = Link(BrokerSettings("127.0.0.1", free_port), "one")
    with pytest.raises(LinkError):
        await link.open()
    await ended.wait()
    server.close()
    await server.wait_closed()


@pytest.fixture
def certified(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


async def test_tls_with_a_private_authority(
    start_mosquitto: Callable[..., Mosquitto], certified: tuple[Path, Path]
) -> None:
    certificate, key = certified
    broker = start_mosquitto(extra=(f"certfile {certificate}", f"keyfile {key}"))
    trusting = BrokerSettings("localhost", broker.port, tls=True, tls_ca=certificate)
    got: list[Message] = []
    link = Link(trusting, "one", on_message=got.append)
    await link.open()
    await link.subscribe({"a": Subscription()})
    for number in range(15):
        link.publish("a", str(number).encode() * 5000)
    await wait_until(lambda: len(got) == 15)
    await link.close()

    strict = Link(BrokerSettings("localhost", broker.port, tls=True), "two")
    with pytest.raises(LinkError, match=r"TLS: .*(?i:verify)"):
        await strict.open()

    careless = BrokerSettings("localhost", broker.port, tls=True, tls_insecure=True)
    link = Link(careless, "three")
    await link.open()
    await link.close()


async def test_works_on_uvloop(mosquitto: Mosquitto) -> None:
    async def session() -> int:
        got: list[Message] = []
        link = Link(settings(mosquitto), "one", V311, on_message=got.append)
        await link.open()
        await link.subscribe({"a": Subscription()})
        for number in range(300):
            link.publish("a", str(number).encode())
        await wait_until(lambda: len(got) == 300)
        await link.close()
        return len(got)

    assert await asyncio.to_thread(lambda: uvloop.run(session())) == 300
