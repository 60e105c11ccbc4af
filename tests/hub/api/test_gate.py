"""Hosts, proxies, origins and what counts as near."""

from ipaddress import ip_network
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from hub.api.gate import Gate, is_local_address
from hub.config.settings import House, Http, Settings


def request_from(peer: str, **headers: str) -> web.Request:
    transport = Mock()
    transport.get_extra_info.side_effect = lambda name, default=None: (
        (peer, 5000) if name == "peername" else default
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", headers=named, transport=transport)


def gate(**http: Any) -> Gate:
    house = House(external_url="https://house.example")
    return Gate(Settings(hub=house, http=Http(**http)))


PROXY = {"trusted_proxies": (ip_network("10.0.0.0/8"), ip_network("::1"))}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        ("::1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:192.0.2.1", "203.0.113.9", "::ffff:192.0.2.1"),
        # forged in front, what the proxy added behind
        ("10.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.5, 203.0.113.9, 10.0.0.7, 10.0.0.8", "203.0.113.9"),
        ("10.0.0.1", "evil, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, evil", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9,,", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "::ffff:10.0.0.3", "10.0.0.1"),
    ],
)
def test_only_listed_proxies_say_who_the_client_is(peer: str, forwarded: str, client: str) -> None:
    assert gate(**PROXY).client(request_from(peer, X_Forwarded_For=forwarded)) == client


def test_without_proxies_the_header_means_nothing() -> None:
    assert gate().client(request_from("192.0.2.1", X_Forwarded_For="127.0.0.1")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "headers", "local"),
    [
        ("127.0.0.1", {}, True),
        ("192.168.1.5", {}, True),
        ("::1", {}, True),
        ("fe80::1%eth0", {}, True),
        ("::ffff:192.168.1.5", {}, True),
        ("8.8.8.8", {}, False),
        ("2001:4860:4860::8888", {}, False),
        ("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=192.168.1.1"}, False),
        ("127.0.0.1", {"X_Real_IP": "192.168.1.1"}, False),
        ("10.0.0.1", {"X_Forwarded_For": "192.168.1.1"}, True),
        ("10.0.0.1", {"X_Forwarded_For": "8.8.8.8"}, False),
        ("", {}, False),
    ],
)
def test_near_is_only_who_surely_is(peer: str, headers: dict[str, str], local: bool) -> None:
    assert gate(**PROXY).is_local(request_from(peer, **headers)) is local


def test_the_scheme_of_a_listed_proxy_counts() -> None:
    secure = {"X_Forwarded_Proto": "https"}
    assert gate(**PROXY).scheme(request_from("10.0.0.1", **secure)) == "https"
    assert gate(**PROXY).scheme(request_from("192.0.2.1", **secure)) == "http"
    assert gate(**PROXY).scheme(request_from("10.0.0.1", X_Forwarded_Proto="gopher")) == "http"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("house.lan", True),
        ("HOUSE.lan:8123", True),
        ("[::1]:8123", True),
        ("evil.example", False),
        ("", False),
    ],
)
def test_a_list_of_hosts_keeps_others_out(host: str, allowed: bool) -> None:
    assert gate(allowed_hosts=("house.lan", "::1")).host_allowed(host) is allowed
    assert gate().host_allowed(host)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://hub.lan:8123", True),
        ("HTTP://HUB.lan:8123", True),
        ("https://house.example", True),
        ("http://friend.example", True),
        ("http://evil.example", False),
        ("http://hub.lan", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_websocket_is_opened_by_own_pages_only(origin: str | None, allowed: bool) -> None:
    headers = {"Host": "hub.lan:8123"} | ({} if origin is None else {"Origin": origin})
    request = make_mocked_request("GET", "/api/websocket", headers=headers)
    checked = gate(cors_origins=("http://friend.example/",))
    assert checked.websocket_origin_allowed(request) is allowed


def test_text_that_is_no_address_is_not_local() -> None:
    assert not is_local_address("localhost.evil.example")
