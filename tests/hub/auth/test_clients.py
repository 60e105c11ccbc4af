"""Client ids and redirect addresses: the rules, and nothing that misleads gets through."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.auth.clients import client_allowed, origin, redirect_allowed

ANDROID, IOS = "https://home-assistant.io/android", "https://home-assistant.io/iOS"


@pytest.mark.parametrize(
    "client_id",
    [
        "http://localhost:8123/",
        "http://localhost",
        "https://hub.example/",
        "https://hub.example:8443/path/page?x=1",
        "http://192.168.1.2:8123/",
        "http://127.0.0.1:8123/",
        "http://[::1]:8123/",
        "http://[fd00::1]/",
        "https://my_hub.local/",
        ANDROID,
        IOS,
    ],
)
def test_allowed_clients(client_id: str) -> None:
    assert client_allowed(client_id)


@pytest.mark.parametrize(
    "client_id",
    [
        "",
        "hub.example",
        "//hub.example/",
        "ftp://hub.example/",
        "javascript:alert(1)",
        "homeassistant://auth-callback",
        "http://",
        "http:///path",
        "http://user@hub.example/",
        "http://user:pass@hub.example/",
        "http://@hub.example/",
        "http://hub.example/#part",
        "http://hub.example/#",
        "http://hub.example/a/../b",
        "http://hub.example/./b",
        "http://hub.example/%2e%2E/b",
        "http://hub.example:0/",
        "http://hub.example:99999/",
        "http://hub.example:port/",
        "http://hub example/",
        "http://hub.example/\n",
        "http://hub.example\\@evil.example/",
        "http://hub\u2100.example/",
        "http://8.8.8.8/",
        "http://[2606:4700::1]/",
        "http://[::1%25eth0]/",
        "http://[::1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.0x1/",
        "http://-bad.example/",
        "http://a..b/",
        "http://" + "a" * 3000,
    ],
)
def test_refused_clients(client_id: str) -> None:
    assert not client_allowed(client_id)


def test_an_address_in_numbers_may_be_our_own() -> None:
    assert client_allowed("http://203.0.113.5:8123/", "203.0.113.5:8123")
    assert client_allowed("http://[2606:4700::1]/", "[2606:4700::1]:8123")
    assert not client_allowed("http://203.0.113.5/", "203.0.113.6")
    assert not client_allowed("http://203.0.113.5/", "[")


@pytest.mark.parametrize(
    ("client_id", "redirect_uri", "allowed"),
    [
        ("http://a.example/", "http://a.example/back?x=1", True),
        ("http://a.example/", "http://A.EXAMPLE:80/back", True),
        ("https://a.example:443/", "https://a.example/", True),
        ("http://a.example/", "https://a.example/", False),
        ("http://a.example/", "http://a.example:8080/", False),
        ("http://a.example/", "http://b.a.example/", False),
        ("http://a.example/", "http://a.example.evil.example/", False),
        ("http://a.example/", "http://a.example@evil.example/", False),
        ("http://a.example/", "http://evil.example\\@a.example/", False),
        ("http://a.example/", "//a.example/", False),
        ("http://a.example/", "homeassistant://auth-callback", False),
        ("http://a.example/", "javascript:alert(1)", False),
        (ANDROID, "homeassistant://auth-callback", True),
        (IOS, "homeassistant://auth-callback", True),
        (
            ANDROID,
            "https://wear.googleapis.com/3p_auth/io.homeassistant.companion.android",
            True,
        ),
        (
            ANDROID,
            "https://wear.googleapis-cn.com/3p_auth/io.homeassistant.companion.android",
            True,
        ),
        (IOS, "https://wear.googleapis.com/3p_auth/io.homeassistant.companion.android", False),
        (ANDROID, "homeassistant://auth-callback/x", False),
        ("http://localhost:1/", "http://localhost:2/", False),
    ],
)
def test_redirects(client_id: str, redirect_uri: str, *, allowed: bool) -> None:
    assert redirect_allowed(client_id, redirect_uri) is allowed


def test_loopback_ports_may_differ_with_pkce_only() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        pair = f"http://{host}:1/", f"http://{host}:2/back"
        assert redirect_allowed(*pair, pkce=True)
        assert not redirect_allowed(*pair)
    assert not redirect_allowed("http://localhost:1/", "http://127.0.0.1:2/", pkce=True)
    assert not redirect_allowed("http://localhost:1/", "https://localhost:2/", pkce=True)
    assert not redirect_allowed("http://a.example:1/", "http://a.example:2/", pkce=True)


def test_further_pairs_come_from_the_settings() -> None:
    extra = {"https://app.example/": ["app://back"]}
    assert redirect_allowed("https://app.example/", "app://back", extra=extra)
    assert not redirect_allowed("https://other.example/", "app://back", extra=extra)


URLS = st.one_of(
    st.text(max_size=80),
    st.builds(
        "{}{}{}{}{}{}".format,
        st.sampled_from(["http://", "https://", "http:/", "//", "HTTP://", "\thttp://", ""]),
        st.sampled_from(["", "u@", "u:p@", "@", "a.example\\@", "a.example%40"]),
        st.one_of(
            st.sampled_from(["a.example", "localhost", "127.0.0.1", "[::1]", "1", "0x1", "[", ""]),
            st.text(max_size=12),
        ),
        st.sampled_from(["", ":", ":80", ":0", ":1x", ":99999", ":-1"]),
        st.sampled_from(["", "/", "/..", "/%2e%2e/", "/a/./b", "/\\"]),
        st.sampled_from(["", "?x=/../", "#", "#a", "\n", "?\x00"]),
    ),
)


@given(URLS)
@example("http://a.example:/")
def test_what_is_allowed_is_plain(address: str) -> None:
    found = origin(address)
    assert client_allowed(address) <= (found is not None)
    if found is None:
        return
    assert address.isascii()
    assert not set(address) & set("#\\ \t\r\n\x00")
    parts = urlsplit(address)
    assert parts.scheme in ("http", "https")
    assert parts.username is parts.password is None
    assert 0 < found.port < 65536
    assert "@" not in parts.netloc
    if client_allowed(address):
        assert redirect_allowed(address, address)


@given(URLS, URLS, st.booleans())
def test_a_redirect_stays_with_its_client(client: str, target: str, pkce: bool) -> None:
    if redirect_allowed(client, target, pkce=pkce):
        first, second = origin(client), origin(target)
        assert first is not None
        assert second is not None
        assert first[:2] == second[:2]
        assert first.port == second.port or pkce
