"""A whole configuration: settings when it is right, every problem when it is not."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from hub.config import Profile, check, load

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, **others: str) -> Path:
        (tmp_path / "hub.yaml").write_text(text)
        for name, content in others.items():
            (tmp_path / f"{name}.yaml").write_text(content)
        return tmp_path

    return write


def lines(folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in check(folder)]


def test_an_empty_file_means_all_defaults(write: Write) -> None:
    settings = load(write(""))
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8123)
    assert settings.profile is Profile.DEVELOPMENT
    assert settings.mqtt.broker is None
    assert settings.integrations == {}


def test_every_section_becomes_settings(write: Write) -> None:
    settings = load(
        write(
            "hub: {name: House, latitude: 52.5, time_zone: Europe/Berlin}\n"
            "http:\n  trusted_proxies: [10.0.0.0/8, '::1']\n  cors_origins: ['https://a.example/']\n"
            "mqtt:\n  broker: {host: broker.lan, tls: yes, password: !secret mqtt, keepalive: 20}\n"
            "  discovery: off\n  commands_role: viewer\n  user: panel\n"
            "auth: {ban_after: 0, ban_minutes: 1.5}\n"
            "logger: {level: debug, levels: {hub.mqtt: warning}}\n",
            secrets="mqtt: hush\n",
        )
    )
    assert settings.hub.time_zone == "Europe/Berlin"
    assert settings.http.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.http.cors_origins == ("https://a.example",)
    assert settings.mqtt.broker is not None
    assert (settings.mqtt.broker.port, settings.mqtt.broker.password) == (8883, "hush")
    assert "hush" not in repr(settings)
    assert settings.mqtt.broker.keepalive == 20
    assert settings.mqtt.discovery == "off"
    assert (settings.mqtt.commands_role, settings.mqtt.user) == ("viewer", "panel")
    assert (settings.auth.ban_after, settings.auth.ban_minutes) == (0, 1.5)
    assert settings.logger.levels == {"hub.mqtt": "warning"}


def test_all_problems_of_all_files_come_at_once(write: Write) -> None:
    folder = write(
        "hub:\n  nam: House\n  latitude: 91\n  time_zone: Mars/Base\n"
        "http: !include http.yaml\n"
        "mqtt:\n  broker:\n    port: 70000\n"
        "garage:\n  door: 1\n"
        "logger:\n  level: !secret level\n",
        http="port: many\ntrusted_proxies:\n  - 10.0.0.0/8\n  - nowhere\ncors_origins: [x]\n",
    )
    found = lines(folder)
    assert found[:3] == [
        "http.yaml:1: http.port: expected a port between 1 and 65535",
        (
            "http.yaml:4: http.trusted_proxies.1: expected an address or a network "
            "such as 192.168.1.0/24"
        ),
        "http.yaml:5: http.cors_origins.0: expected an address such as https://hub.example.org:8123",
    ]
    assert found[3:5] == [
        "hub.yaml:2: unknown key hub.nam; did you mean name?",
        "hub.yaml:3: hub.latitude: expected a number between -90 and 90",
    ]
    assert found[5] == "hub.yaml:4: hub.time_zone: expected a time zone such as Europe/Berlin"
    assert found[6] == "hub.yaml:7: mqtt.broker.host is missing"
    assert found[7].startswith("hub.yaml:8: mqtt.broker.port: expected a port")
    assert found[8].startswith("hub.yaml:9: unknown section 'garage'; known are ")
    assert "demo" in found[8]
    assert found[9] == "hub.yaml:12: !secret level: secrets.yaml has no such name"
    assert len(found) == 10


@pytest.mark.parametrize("text", ["[]", "just words", "hub: 3", "http: [1]", "mqtt: {broker: x}"])
def test_wrong_shapes_are_problems_not_crashes(write: Write, text: str) -> None:
    assert len(lines(write(text))) == 1


def test_values_of_secrets_are_not_repeated(write: Write) -> None:
    folder = write("mqtt: {broker: {host: h, port: !secret p}}", secrets="p: hush-hush\n")
    [line] = lines(folder)
    assert "hush" not in line


def test_the_port_from_outside_wins(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write("http: {port: 8000}")
    monkeypatch.setenv("HUB_PORT", "9000")
    assert load(folder).http.port == 9000
    monkeypatch.setenv("HUB_PORT", "ninethousand")
    assert lines(folder) == ["HUB_PORT: expected a port between 1 and 65535"]


PRODUCTION = "hub:\n  profile: production\n"


@pytest.mark.parametrize(
    ("key", "word"),
    [
        (None, "needs SECRET_KEY"),
        ("", "needs SECRET_KEY"),
        ("short", "too short"),
        ("change-me-change-me-change-me-change-me", "known default"),
        ("a" * 40, "known default or a pattern"),
    ],
)
def test_production_refuses_weak_keys(
    write: Write, monkeypatch: pytest.MonkeyPatch, key: str | None, word: str
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("SECRET_KEY", key)
    [line] = lines(write(PRODUCTION))
    assert line.startswith("hub.yaml:2: ")
    assert word in line


GOOD = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def test_production_takes_the_key_from_variable_file_or_credential(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = write(PRODUCTION)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / "secret_key").write_text(GOOD + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load(folder).secret_key == GOOD
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "none"))
    assert "cannot be read" in lines(folder)[0]
    monkeypatch.setenv("SECRET_KEY", GOOD[::-1])
    assert load(folder).secret_key == GOOD[::-1]
    assert GOOD[::-1] not in repr(load(folder))


def test_production_refuses_debug_even_beside_other_mistakes(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", GOOD)
    found = lines(write(PRODUCTION + "  debug: true\n  name: 5\n"))
    assert found == [
        "hub.yaml:3: hub.debug must be off in the production profile",
        "hub.yaml:4: hub.name: expected a text, got a number",
    ]


SECRET = "mqtt:\n  broker:\n    host: !secret host\n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_readable_secrets_file_is_refused_in_production_alone(
    write: Write, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setenv("SECRET_KEY", "3f9c0a7be1d24586a1b2c3d4e5f60718")
    folder = write(PRODUCTION + SECRET, secrets="host: example.org\n")
    (folder / "secrets.yaml").chmod(mode)
    told = f"secrets.yaml: other users may read it (mode {mode:04o}); chmod 600 "
    [line] = lines(folder)
    assert line.startswith(told)
    (folder / "hub.yaml").write_text(SECRET)
    assert lines(folder) == []
    [warning] = load(folder).warnings
    assert told in str(warning)
    (folder / "secrets.yaml").chmod(0o600)
    (folder / "hub.yaml").write_text(PRODUCTION + SECRET)
    assert load(folder).warnings == ()


def test_a_secrets_file_that_nothing_asks_for_is_not_looked_at(write: Write) -> None:
    folder = write("mqtt: {enabled: false}", secrets="host: example.org\n")
    (folder / "secrets.yaml").chmod(0o644)
    assert load(folder).warnings == ()


def test_an_integration_of_resources_has_no_section(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import integrations

    folder = tmp_path / "more" / "cellar"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "schema.py").write_text("SPEC = {}\n")
    (folder / "manifest.json").write_text('{"domain": "cellar", "resources": ["cellar.shelf"]}')
    monkeypatch.setattr(integrations, "__path__", [*integrations.__path__, str(folder.parent)])
    places = integrations.__spec__.submodule_search_locations
    assert places is not None
    monkeypatch.setattr(integrations.__spec__, "submodule_search_locations", integrations.__path__)
    assert lines(write("hub: {}\ncellar:\n  shelf: 1\n")) == [
        "hub.yaml:2: cellar has no section here, but resources: cellar.shelf (docs/resources.md)"
    ]
