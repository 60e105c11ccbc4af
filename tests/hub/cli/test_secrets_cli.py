"""`hub secrets`: status, check, rotate, rewrap."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.storage import Database, Documents
from hub.storage.keyfile import Key
from hub.storage.secrets import Keyring
from tests.peers.hub import HubProcess, run_hub

KEY = "3f9c0a7be1d24586a1b2c3d4e5f60718"
OTHER = "b19c0a7be1d24586a1b2c3d4e5f6071f"


def answer(*arguments: str, **environment: str) -> Any:
    """Run a command that must succeed and return its JSON."""
    done = run_hub("secrets", *arguments, "-o", "json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """Return a data folder with a sealed document beside the root value."""
    database = Database(tmp_path / "hub.db")
    await database.open()
    keyring = Keyring(database, tmp_path / "keys" / "sealing.json")
    await keyring.load()
    sealed = keyring.seal("geheim", "documents:sealed/mail:data")
    await Documents(database).save("sealed", "mail", sealed)
    await database.close()
    return tmp_path


def test_status(data: Path) -> None:
    found = answer("status", "--data", str(data))
    [key] = found["keys"]
    assert (found["wrapped"], key["use"], key["values"]) == (False, "seals", 2)
    done = run_hub("secrets", "status", "--data", str(data))
    assert key["id"] in done.stdout
    assert "not wrapped: no SECRET_KEY" in done.stdout


def test_nothing_is_made_where_no_hub_was(tmp_path: Path) -> None:
    for command in ("status", "check", "rotate", "rewrap"):
        done = run_hub("secrets", command, "--data", str(tmp_path / "typo"), SECRET_KEY=KEY)
        assert done.returncode == 2
        assert "is no data folder of a hub" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_status_and_check_write_nothing(data: Path) -> None:
    before = (data / "keys" / "sealing.json").read_bytes()
    for command in ("status", "check"):
        answer(command, "--data", str(data), SECRET_KEY=KEY)
    assert (data / "keys" / "sealing.json").read_bytes() == before


def test_check_names_what_does_not_open(data: Path) -> None:
    assert answer("check", "--data", str(data))["unreadable"] == []
    with closing(sqlite3.connect(data / "hub.db")) as connection, connection:
        connection.execute(
            "UPDATE documents SET key = 'moved' WHERE namespace = 'sealed' AND key = 'mail'"
        )
    done = run_hub("secrets", "check", "--data", str(data))
    assert done.returncode == 1
    assert "documents sealed/moved" in done.stderr
    assert "1 of 2 sealed values do not open" in done.stderr
    refused = run_hub("secrets", "rotate", "--data", str(data))
    assert refused.returncode == 1
    assert "1 of 2 sealed values do not open" in refused.stderr
    done = run_hub("secrets", "rotate", "--force", "--data", str(data))
    assert done.returncode == 0, done.stderr


def test_rotate_a_stopped_hub(data: Path) -> None:
    [old] = answer("status", "--data", str(data))["keys"]
    done = answer("rotate", "--data", str(data))
    assert done["dropped"] == [old["id"]]
    assert done["values"] == 2
    [new] = answer("status", "--data", str(data))["keys"]
    assert (new["id"], new["values"]) == (done["key"], 2)
    assert answer("check", "--data", str(data))["unreadable"] == []


def test_a_missing_key_is_told(data: Path) -> None:
    file = data / "keys" / "sealing.json"
    [old] = answer("status", "--data", str(data))["keys"]
    content = json.loads(file.read_text())
    stranger = Key.make()
    content["keys"] = [
        {"id": stranger.id, "created_at": "2026-01-01", "key": "AAAA"},
    ]
    file.write_text(json.dumps(content))
    uses = {key["id"]: key["use"] for key in answer("status", "--data", str(data))["keys"]}
    assert uses == {stranger.id: "seals", old["id"]: "missing"}


def test_rewrap(data: Path) -> None:
    place = ("--data", str(data))
    assert run_hub("secrets", "rewrap", *place, SECRET_KEY=KEY).returncode == 0
    assert answer("status", *place)["wrapped"] is True
    locked_out = run_hub("secrets", "check", *place)
    assert locked_out.returncode == 1
    assert "none is set" in locked_out.stderr
    unasked = run_hub("secrets", "rewrap", *place, SECRET_KEY=OTHER)
    assert unasked.returncode == 2
    assert "OLD_SECRET_KEY" in unasked.stderr
    wrong = run_hub("secrets", "rewrap", *place, SECRET_KEY=OTHER, OLD_SECRET_KEY=OTHER)
    assert wrong.returncode == 1
    assert "does not open the keys" in wrong.stderr
    assert answer("check", *place, SECRET_KEY=KEY)["values"] == 2
    done = run_hub("secrets", "rewrap", *place, SECRET_KEY=OTHER, OLD_SECRET_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert answer("check", *place, SECRET_KEY=OTHER)["values"] == 2
    assert answer("rotate", *place, SECRET_KEY=OTHER)["values"] == 2
    done = run_hub("secrets", "rewrap", "--unwrap", *place, OLD_SECRET_KEY=OTHER)
    assert done.returncode == 0, done.stderr
    assert answer("check", *place)["values"] == 2
    none = run_hub("secrets", "rewrap", *place, SECRET_KEY="")
    assert none.returncode == 2


def test_reset_begins_anew_when_the_keys_are_lost(data: Path) -> None:
    place = ("--data", str(data))
    file = data / "keys" / "sealing.json"
    assert run_hub("secrets", "reset", *place).returncode != 0
    file.unlink()
    done = run_hub("secrets", "reset", "--yes", *place)
    assert done.returncode == 0, done.stderr
    assert "1 sealed values are lost" in done.stdout
    checked = run_hub("secrets", "check", *place)
    assert checked.returncode == 1
    assert "documents sealed/mail" in checked.stderr
    again = run_hub("secrets", "reset", "--yes", *place)
    assert "is kept as" in again.stdout
    assert len(list(file.parent.glob("sealing.json.before-*"))) == 1


def test_beside_a_running_hub(hub_process: HubProcess) -> None:
    place = ("--data", str(hub_process.data))
    [old] = answer("status", *place)["keys"]
    done = answer("rotate", *place)
    assert done["dropped"] == [old["id"]]
    assert answer("check", *place)["keys"] == {done["key"]: done["values"]}
    refused = run_hub("secrets", "rewrap", *place, SECRET_KEY=KEY)
    assert refused.returncode == 1
    assert "another hub runs" in refused.stderr
    refused = run_hub("secrets", "reset", "--yes", *place)
    assert refused.returncode == 1
    assert "another hub runs" in refused.stderr
    hub_process.stop()
    hub_process.start()
    assert [key["id"] for key in answer("status", *place)["keys"]] == [done["key"]]


def test_a_readable_secrets_file_is_told(start_hub: Callable[..., HubProcess]) -> None:
    hub = start_hub("hub:\n  name: Test\nmqtt:\n  enabled: false\n", init=False)
    assert hub.stop() == 0
    (hub.config / "secrets.yaml").write_text("name: House\n")
    (hub.config / "secrets.yaml").chmod(0o644)
    (hub.config / "hub.yaml").write_text("hub:\n  name: !secret name\nmqtt:\n  enabled: false\n")
    checked = run_hub("check-config", "--config", str(hub.config))
    assert checked.returncode == 0
    assert "warning: " in checked.stderr
    assert "secrets.yaml: other users may read it (mode 0644)" in checked.stderr
    hub.start()
    assert "secrets.yaml: other users may read it (mode 0644)" in hub.log
    (hub.config / "hub.yaml").write_text("hub:\n  name: !secret name\n  profile: production\n")
    refused = run_hub("check-config", "--config", str(hub.config), SECRET_KEY=KEY)
    assert refused.returncode == 2
    assert "other users may read it" in refused.stderr
