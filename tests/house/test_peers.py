"""The peers themselves: installed, startable, and as the other tests expect them."""

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.peers.browser import trouble_of

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.peers.mariadb import MariaDb
    from tests.peers.modbus import Mbpoll
    from tests.peers.mosquitto import Mosquitto
    from tests.peers.named import Named
    from tests.peers.pebble import Pebble
    from tests.peers.postgresql import PostgreSql
    from tests.peers.sshd import Sshd


def test_mosquitto_keeps_retained_messages_over_a_restart(mosquitto: "Mosquitto") -> None:
    mosquitto.publish("a/b", "kept", retain=True)
    mosquitto.stop()
    mosquitto.start()
    assert mosquitto.retained() == {"a/b": "kept"}
    mosquitto.publish("a/b", None, retain=True)
    assert mosquitto.retained() == {}


def test_mosquitto_with_a_password(mosquitto_with_password: "Mosquitto") -> None:
    mosquitto_with_password.publish("x", "y", retain=True)
    assert mosquitto_with_password.retained("x") == {"x": "y"}


def test_pty_pair_carries_bytes(pty_pair: tuple[str, str]) -> None:
    ends = [os.open(end, os.O_RDWR | os.O_NOCTTY) for end in pty_pair]
    os.write(ends[0], b"\xf0\x03")
    assert os.read(ends[1], 2) == b"\xf0\x03"
    for end in ends:
        os.close(end)


def test_mbpoll_is_there(mbpoll: "Mbpoll") -> None:
    assert mbpoll.binary


def test_sshd_lets_its_account_in_by_key(sshd: "Sshd") -> None:
    (sshd.folder / "client").chmod(0o600)
    options = ("UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "BatchMode=yes")
    command = ["ssh", "-F", "none", "-i", f"{sshd.folder}/client", "-p", str(sshd.port)]
    for option in options:
        command += ["-o", option]
    done = subprocess.run(
        [*command, f"{sshd.account.name}@{sshd.host}", "id -un"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == sshd.account.name, done.stderr + sshd.log
    assert sshd.count("Accepted publickey") == 1


@pytest.mark.xdist_group("postgresql")
def test_postgresql_keeps_what_was_committed_over_a_kill(postgresql: "PostgreSql") -> None:
    postgresql.create("kept")
    postgresql.sql("CREATE TABLE a (b int); INSERT INTO a VALUES (7)", "kept")
    postgresql.kill()
    postgresql.start()
    assert postgresql.sql("SELECT b FROM a", "kept") == "7"
    postgresql.drop("kept")


@pytest.mark.xdist_group("mariadb")
def test_mariadb_keeps_what_was_committed_over_a_kill(mariadb: "MariaDb") -> None:
    mariadb.create("kept")
    mariadb.sql("CREATE TABLE a (b int); INSERT INTO a VALUES (7)", "kept")
    mariadb.kill()
    mariadb.start()
    assert mariadb.sql("SELECT b FROM a", "kept") == "7"
    mariadb.drop("kept")


def test_pebble_tells_its_directory_and_its_root(pebble: "Pebble") -> None:
    assert "Order" not in pebble.log
    assert pebble.root.startswith("-----BEGIN CERTIFICATE-----")
    assert pebble.root != pebble.ca_certificate


def test_named_takes_updates_from_its_key_alone(named: "Named") -> None:
    named.update('update add a.test 60 TXT "one"', 'update add a.test 60 TXT "two"')
    assert named.texts("a.test") == ["one", "two"]
    named.key_secret = "c3RyYW5nZXI="
    with pytest.raises(subprocess.CalledProcessError):
        named.update('update add a.test 60 TXT "three"')


async def test_chromium_runs_a_page(page: "Page") -> None:
    trouble = trouble_of(page)
    await page.goto("data:text/html,<title>hello</title>")
    assert await page.title() == "hello"
    await page.evaluate("console.error('noticed')")
    assert trouble == ["noticed"]
