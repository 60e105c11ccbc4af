"""Configuration, services, integrations and the hub's own account of itself."""

from hub.const import HA_VERSION, VERSION
from tests.peers.house import House

CONFIG = {
    "allowlist_external_dirs", "allowlist_external_urls", "components", "config_dir",
    "config_source", "country", "currency", "debug", "elevation", "external_url", "internal_url",
    "language", "latitude", "location_name", "logging", "longitude", "radius", "recovery_mode",
    "safe_mode", "state", "time_zone", "unit_system", "version", "whitelist_external_dirs",
}  # fmt: skip
ENTRY = {
    "created_at", "modified_at", "entry_id", "domain", "title", "source", "state",
    "supports_options", "supports_remove_device", "supports_unload", "supports_reconfigure",
    "supported_subentry_types", "pref_disable_new_entities", "pref_disable_polling", "disabled_by",
    "reason", "error_reason_translation_domain", "error_reason_translation_key",
    "error_reason_translation_placeholders", "num_subentries",
}  # fmt: skip


async def test_the_configuration_is_the_same_on_both_doors(house: House) -> None:
    client = await house.connect()
    config = (await client.call(type="get_config"))["result"]
    assert set(config) == CONFIG
    assert config == await (await house.request("GET", "/api/config")).json()
    assert config["state"] == "RUNNING"
    assert config["version"] == HA_VERSION
    assert config["location_name"] == "Test house"
    assert {"api", "demo", "switch", "switch.demo"} <= set(config["components"])
    assert "mqtt" not in config["components"]
    assert all(isinstance(config[key], (int, float)) for key in ("latitude", "longitude"))
    assert isinstance(config["elevation"], int)
    assert set(map(type, config["unit_system"].values())) == {str}
    assert config["components"] == await (await house.request("GET", "/api/components")).json()


async def test_a_local_only_user_does_not_see_the_outside_address(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Near", local_only=True)
    client = await house.connect(await auth.tokens.create_long_lived(user, "near", 1))
    config = (await client.call(type="get_config"))["result"]
    assert set(config) == CONFIG - {"external_url"}


async def test_services_have_two_forms(house: House) -> None:
    client = await house.connect()
    services = (await client.call(type="get_services"))["result"]
    listed = await (await house.request("GET", "/api/services")).json()
    assert {item["domain"]: item["services"] for item in listed} == services
    assert services["switch"]["turn_on"]["target"] == {"entity": [{"domain": ["switch"]}]}
    assert all("fields" in verb for verbs in services.values() for verb in verbs.values())


async def test_integrations_are_listed_as_entries_and_manifests(house: House) -> None:
    client = await house.connect()
    entries = (await client.call(type="config_entries/get"))["result"]
    assert [set(entry) for entry in entries] == [ENTRY]
    assert (entries[0]["domain"], entries[0]["state"]) == ("demo", "loaded")
    none = await client.call(type="config_entries/get", domain="other")
    assert none["result"] == []
    helpers = await client.call(type="config_entries/get", type_filter=["helper"])
    assert helpers["result"] == []
    found = await client.call(type="config_entries/get_single", entry_id=entries[0]["entry_id"])
    assert found["result"] == {"config_entry": entries[0]}
    missing = await client.call(type="config_entries/get_single", entry_id="nope")
    assert missing["error"]["code"] == "not_found"
    assert (await client.call(type="config_entries/get_single"))["error"]["code"] == (
        "invalid_format"
    )
    manifests = (await client.call(type="manifest/list"))["result"]
    assert [item["domain"] for item in manifests] == ["demo"]
    some = await client.call(type="manifest/list", integrations=["nope"])
    assert some["result"] == []
    one = await client.call(type="manifest/get", integration="demo")
    assert one["result"] == manifests[0]
    gone = await client.call(type="manifest/get", integration="nope")
    assert gone["error"] == {"code": "not_found", "message": "Integration not found"}
    setup = (await client.call(type="integration/setup_info"))["result"]
    assert [item["domain"] for item in setup] == ["demo"]


async def test_the_hub_tells_of_itself(house: House) -> None:
    client = await house.connect()
    info = (await client.call(type="hub/info"))["result"]
    assert info["version"] == VERSION
    assert info["protocol_version"] == HA_VERSION
    assert len(info["hub_id"]) == 32
    assert info["counts"]["entities"] == len(house.hub.entities)
    assert info["integrations"] == [{"domain": "demo", "error": None}]


async def test_events_are_counted(house: House) -> None:
    listed = await (await house.request("GET", "/api/events")).json()
    assert listed[0]["event"] == "*"
    assert all(set(item) == {"event", "listener_count"} for item in listed)
