"""What each resource of reverse proxies may hold: schemas, and checks of fields together."""

from integrations.proxy.schema.access_list import ACCESS_LIST, check_access_list
from integrations.proxy.schema.certificate import CERTIFICATE, check_certificate
from integrations.proxy.schema.forms import FURTHER, fold
from integrations.proxy.schema.host import HOST, check_host
from integrations.proxy.schema.redirect import (
    DEAD_HOST,
    REDIRECT,
    check_dead_host,
    check_redirect,
)
from integrations.proxy.schema.server import GROUP, SERVER, check_group, check_server
from integrations.proxy.schema.stream import STREAM, check_stream

__all__ = [
    "ACCESS_LIST",
    "CERTIFICATE",
    "DEAD_HOST",
    "GROUP",
    "HOST",
    "REDIRECT",
    "SERVER",
    "STREAM",
    "check_access_list",
    "check_certificate",
    "check_dead_host",
    "check_group",
    "check_host",
    "check_redirect",
    "check_server",
    "check_stream",
]

for _schema, _names in FURTHER:
    fold(_schema, _names)
