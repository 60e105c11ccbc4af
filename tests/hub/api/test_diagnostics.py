"""The download: complete, and without a single secret."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.peers.house import House, MakeHouse

CANARIES = {
    "broker": "c4nary-broker-Pa55",
    "key": "c4nary-key-0123456789abcdef0123456789",
    "log": "c4nary-log-Pa55",
    "user": "c4nary-user-Pa55",
}


async def download(house: House) -> tuple[str, dict[str, Any]]:
    answer = await house.request("GET", "/api/diagnostics")
    assert answer.status == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    text = await answer.text()
    return text, json.loads(text)


async def test_it_says_how_the_hub_is(house: House) -> None:
    _, found = await download(house)
    assert set(found) >= {
        "hub", "settings", "health", "registries", "storage", "resources", "jobs", "system_log",
        "integrations", "mqtt", "event_loop", "hosts",
    }  # fmt: skip
    assert found["hub"]["phase"] == "RUNNING"
    assert found["settings"]["hub"]["name"] == "Test house"
    assert found["integrations"]["demo"]["error"] is None
    assert found["registries"]["users"] == {"owner": 1}
    await house.hub.audit.flush()
    assert (await house.hub.audit.query(action="diagnostics.download"))[0]["user_name"] == "Owner"


async def test_it_holds_no_canary(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", CANARIES["key"])
    house = await make_house(
        "hub:\n  latitude: 52.123456789\n"
        "mqtt:\n  broker:\n    host: 127.0.0.1\n    port: 1\n    username: anna\n"
        f"    password: {CANARIES['broker']}\n"
    )
    user = await house.hub.auth.users.create("Anna")
    await house.hub.auth.users.add_credentials(user.id, "anna", CANARIES["user"])
    long = await house.hub.auth.tokens.create_long_lived(user, "phone", 1)
    logging.getLogger("hub.test").error("password=%s", CANARIES["log"])
    logging.getLogger("hub.test2").error("plain %s", CANARIES["broker"])
    logging.getLogger("hub.test3").error("Bearer %s", long)
    try:
        raise ValueError(f"mqtt://anna:{CANARIES['log']}@10.1.2.3/")
    except ValueError:
        logging.getLogger("hub.test4").exception("failed")
    text, found = await download(house)
    for name, canary in CANARIES.items():
        assert canary not in text, name
    assert long not in text
    assert house.token not in text
    assert "52.12345678" not in text  # more digits than the seconds of a time have
    assert "10.1.2.3" not in text
    assert len(found["system_log"]) >= 4
    assert found["settings"]["secret_key"] is True
    derived = house.hub.secrets.derive("audit").hex()
    assert derived not in text


async def test_addresses_are_shown_on_request(make_house: MakeHouse) -> None:
    house = await make_house("mqtt:\n  enabled: false\ndiagnostics:\n  show_addresses: true\n")
    logging.getLogger("hub.test").error("from 10.1.2.3")
    text, _ = await download(house)
    assert "10.1.2.3" in text


async def test_an_integration_adds_what_it_knows_and_a_failing_one_says_so(house: House) -> None:
    from hub.services import Response

    house.hub.services.register(
        "demo", "diagnostics", lambda _call: {"zones": 3, "token": "c4nary"}, response=Response.ONLY
    )

    def broken() -> None:
        raise ValueError("boom")

    end = house.hub.diagnostics.part("broken", broken)
    text, found = await download(house)
    assert found["integrations"]["demo"]["diagnostics"]["zones"] == 3
    assert "c4nary" not in text
    assert found["broken"] == {"error": "ValueError: boom"}
    end()
    assert "broken" not in (await download(house))[1]
    client = await house.connect()
    listed = (await client.call(type="diagnostics/list"))["result"]
    assert listed == [{"domain": "demo", "handlers": {"config_entry": False, "device": False}}]
    one = (await client.call(type="diagnostics/get", domain="demo"))["result"]
    assert one == listed[0]
    missing = await client.call(type="diagnostics/get", domain="nothing")
    assert missing["error"]["code"] == "not_found"


async def test_it_is_for_administrators(house: House) -> None:
    user = await house.hub.auth.users.create("Operator")
    token = await house.hub.auth.tokens.create_long_lived(user, "tests", 1)
    async with house.session.get(
        f"{house.url}/api/diagnostics", headers={"Authorization": f"Bearer {token}"}
    ) as answer:
        assert answer.status == 403
