"""From a configuration folder to settings, with every problem found on the way."""

import difflib
import importlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from hub.config import house as sections
from hub.config import loader
from hub.config.profiles import find_secret_key, weakness
from hub.config.schema import SECTIONS
from hub.config.settings import (
    AuditSettings,
    AuthSettings,
    BrokerSettings,
    DiagnosticsSettings,
    House,
    Http,
    Logger,
    MetricsSettings,
    MqttSettings,
    Profile,
    RecorderSettings,
    Settings,
)
from hub.errors import ConfigError, Problem
from hub.util.packages import known, manifest

FILE: Final = "hub.yaml"


def load(config_dir: Path) -> Settings:
    """Return the settings of a folder; raises `ConfigError` with every problem at once."""
    reading = _Reading(config_dir)
    settings = reading.settings()
    if reading.problems:
        raise ConfigError(reading.problems)
    return settings


def check(config_dir: Path) -> list[Problem]:
    """Return every problem of a folder, ordered by file and line; empty when it is fine."""
    try:
        load(config_dir)
    except ConfigError as error:
        return list(error.problems)
    return []


class _Reading:
    """One walk through a configuration; goes on after a mistake, so that all are told."""

    def __init__(self, config_dir: Path) -> None:
        self._folder = config_dir
        self._loaded = loader.load(config_dir / FILE)
        self._found = list(self._loaded.problems)

    @property
    def problems(self) -> list[Problem]:
        """What was wrong, each once, ordered by file and line."""
        return sorted(set(self._found), key=lambda item: (item.file, item.line or 0, item.message))

    def settings(self) -> Settings:
        """Validate every section; the result is complete only when there are no problems."""
        data = self._data()
        parts = {name: self._section(name, data.get(name)) for name in SECTIONS}
        integrations = {
            name: self._integration(name, section)
            for name, section in data.items()
            if name not in SECTIONS and sections.section_of(name) is None and self._exists(name)
        }
        house = House(**parts["hub"])
        return Settings(
            hub=house,
            http=self._http(parts["http"]),
            mqtt=self._mqtt(parts["mqtt"], house),
            logger=Logger(**parts["logger"]),
            auth=AuthSettings(**parts["auth"]),
            audit=AuditSettings(**parts["audit"]),
            metrics=MetricsSettings(**parts["metrics"]),
            diagnostics=DiagnosticsSettings(**parts["diagnostics"]),
            recorder=RecorderSettings(**parts["recorder"]),
            integrations=integrations,
            secret_key=self._secret_key(data.get("hub")),
            warnings=tuple(self._loaded.exposed),
        )

    def _data(self) -> dict[str, Any]:
        value = self._loaded.value
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._problem((), "expected sections such as hub: and http:")
            return {}
        return value

    def _exists(self, name: object) -> bool:
        """Tell whether an integration of this name is installed, and complain when it is not."""
        if not isinstance(name, str) or name not in known():
            names = [*SECTIONS, *sections.LISTS, *sections.MAPPINGS, *known()]
            self._problem((name,), f"unknown section {name!r}{_hint(str(name), names)}")
            return False
        return True

    def _section(self, name: str, value: Any) -> dict[str, Any]:
        section: Any = self._validate(
            vol.Schema(SECTIONS[name]), {} if value is None else value, name
        )
        return {} if section is None else section

    def _integration(self, name: str, value: Any) -> Any:
        """Validate a section by the integration's own schema, CONFIG in its schema.py."""
        types = manifest(name).get("resources", ())
        try:
            module = importlib.import_module(f"integrations.{name}.schema")
            schema = module.CONFIG if hasattr(module, "CONFIG") or not types else None
        except Exception as error:  # noqa: BLE001 - somebody else's code
            self._problem((name,), f"integration {name} cannot be loaded: {error}")
            return None
        if schema is None:
            named = f"{', '.join(types)} (docs/resources.md)"
            self._problem((name,), f"{name} has no section here, but resources: {named}")
            return None
        return self._validate(schema, {} if value is None else value, name)

    def _validate(self, schema: vol.Schema, value: Any, name: str) -> Any:
        """Return the validated section, or None after noting what is wrong with it."""
        if self._loaded.is_broken((name,)):
            return None
        try:
            return schema(value)
        except vol.Invalid as error:
            for one in _flat(error):
                self._invalid(schema, name, one)
        except Exception as error:  # noqa: BLE001 - somebody else's code
            self._problem((name,), f"{name}: cannot be checked: {error!r}")
        return None

    def _invalid(self, schema: vol.Schema, name: str, error: vol.Invalid) -> None:
        """Say what is wrong; never the value, for it may be a secret."""
        keys = (name, *(_plain(part) for part in error.path))
        dotted = ".".join(str(key) for key in keys)
        if isinstance(error, vol.RequiredFieldInvalid):
            message = f"{dotted} is missing"
        elif error.error_message == "extra keys not allowed":
            message = f"unknown key {dotted}{_hint(str(keys[-1]), _keys(schema, keys[1:-1]))}"
        else:
            message = f"{dotted}: {error.error_message}"
        self._problem(keys, message)

    def _http(self, part: dict[str, Any]) -> Http:
        lists = ("trusted_proxies", "allowed_hosts", "cors_origins")
        part |= {key: tuple(part[key]) for key in lists if key in part}
        http = Http(**part)
        wanted = os.environ.get("HUB_PORT", "")
        if not wanted:
            return http
        if not wanted.isdecimal() or not 1 <= int(wanted) <= 65535:
            self._found.append(Problem("HUB_PORT", None, "expected a port between 1 and 65535"))
            return http
        return replace(http, port=int(wanted))

    def _mqtt(self, part: dict[str, Any], house: House) -> MqttSettings:
        part |= {"hub_id": house.hub_id, "hub_name": house.name}
        broker = part.pop("broker", None)
        if broker is None:
            return MqttSettings(**part)
        if "tls_ca" in broker:
            broker["tls_ca"] = self._folder / broker["tls_ca"]
            if not broker["tls_ca"].is_file():
                self._problem(
                    ("mqtt", "broker", "tls_ca"), "mqtt.broker.tls_ca: there is no such file"
                )
        if broker.get("tls"):
            broker.setdefault("port", 8883)
        return MqttSettings(broker=BrokerSettings(**broker), **part)

    def _secret_key(self, section: Any) -> str | None:
        """Return the key; the raw section tells the profile even when other keys are wrong."""
        key, trouble = find_secret_key()
        if trouble is not None:
            self._found.append(Problem("SECRET_KEY", None, trouble))
        if isinstance(section, dict) and section.get("profile") == Profile.PRODUCTION:
            if trouble is None and (reason := weakness(key)) is not None:
                self._problem(("hub", "profile"), reason)
            self._found += self._loaded.exposed
            if section.get("debug"):
                self._problem(("hub", "debug"), "hub.debug must be off in the production profile")
        return key

    def _problem(self, keys: loader.Keys, message: str) -> None:
        if not self._loaded.is_broken(keys):
            self._found.append(Problem(*self._loaded.where(keys), message))


def _flat(error: vol.Invalid) -> Iterable[vol.Invalid]:
    """Return the single mistakes of an error."""
    if isinstance(error, vol.MultipleInvalid):
        for one in error.errors:
            yield from _flat(one)
    else:
        yield error


def _plain(part: Any) -> Any:
    """Return a path part as the file has it, not wrapped in a marker."""
    return part.schema if isinstance(part, vol.Marker) else part


def _keys(schema: Any, path: Iterable[Any]) -> list[str]:
    """Return the keys a schema knows at a path, as far as it can be told."""
    level = schema.schema if isinstance(schema, vol.Schema) else schema
    for part in path:
        if isinstance(level, dict):
            level = next((item for key, item in level.items() if _plain(key) == part), None)
        elif isinstance(level, list) and len(level) == 1:
            level = level[0]
        level = level.schema if isinstance(level, vol.Schema) else level
    return [str(_plain(key)) for key in level] if isinstance(level, dict) else []


def _hint(name: str, names: list[str]) -> str:
    """Suggest the nearest name, else list them all."""
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known are {', '.join(sorted(names))}" if names else ""
