"""Every secret that the settings hold, for those who must keep it out of what they show."""

import logging
from collections.abc import Iterator
from importlib import import_module
from urllib.parse import quote

from hub.config.settings import Settings
from hub.schema.database_url import parse
from hub.schema.markers import Secret, walk
from hub.util.packages import PACKAGE

_LOGGER = logging.getLogger(__name__)


def hidden_texts(settings: Settings) -> Iterator[str]:
    """Yield the secret key, the passwords of servers and what integrations' schemas mark secret."""
    if settings.secret_key:
        yield settings.secret_key
    broker = settings.mqtt.broker
    if broker is not None and broker.password:
        yield broker.password
    if settings.recorder.url is not None and (hidden := parse(settings.recorder.url).password):
        yield hidden
        yield quote(hidden, safe="")
    for domain, section in settings.integrations.items():
        try:
            schema = import_module(f"{PACKAGE}.{domain}.schema").CONFIG
        except Exception:
            _LOGGER.exception("The schema of %s can not be read", domain)
            continue
        for _path, marker, value in walk(schema, section):
            if isinstance(marker, Secret) and isinstance(value, str):
                yield value
