"""Names, defaults and limits."""

from typing import Final

DOMAIN: Final = "proxy"

SERVER: Final = "proxy.server"
HOST: Final = "proxy.host"
REDIRECT: Final = "proxy.redirect"
STREAM: Final = "proxy.stream"
DEAD_HOST: Final = "proxy.dead_host"
ACCESS_LIST: Final = "proxy.access_list"
CERTIFICATE: Final = "proxy.certificate"
GROUP: Final = "proxy.group"

PLACED: Final = (HOST, REDIRECT, STREAM, DEAD_HOST)
"""Types that name the servers they are deployed to."""

OBSERVE_SECONDS: Final = 300.0
"""Between two looks for drift."""
