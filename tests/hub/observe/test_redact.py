"""What leaves the house: no secret, and addresses only when they are shown."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.observe.redact import REDACTED, Redactor

CANARY = "c4nary-Secret-9f2"


@pytest.mark.parametrize(
    "key",
    [
        "password", "mqtt_password", "Passwd", "passphrase", "secret", "client_secret", "token",
        "access_token", "refresh_token", "api_key", "apikey", "private_key", "PrivateKey",
        "preshared_key", "psk", "credential", "Authorization", "cookie", "pin", "user_pin", "otp",
        "recovery_codes", "jwt_key", "salt", "sudo_password", "latitude", "longitude",
    ],
)  # fmt: skip
def test_values_are_hidden_by_the_names_of_their_keys(key: str) -> None:
    for value in (CANARY, [CANARY], {"inner": CANARY}, 12345678):
        assert Redactor()({"x": [{key: value}]}) == {"x": [{key: REDACTED}]}


@pytest.mark.parametrize("key", ["name", "tokens", "token_type", "token_id", "passed", "pinned"])
def test_other_keys_stay(key: str) -> None:
    assert Redactor()({key: "plain"}) == {key: "plain"}


def test_what_says_nothing_stays() -> None:
    value = {"password": None, "secret": "", "token": True}
    assert Redactor()(value) == value


@pytest.mark.parametrize(
    "text",
    [
        f"mqtt://user:{CANARY}@broker:1883",
        f"Authorization: Bearer {CANARY}",
        f"password={CANARY}",
        f"token: '{CANARY}'",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
        f"eyJhbGciOi.{CANARY}.{CANARY}",
        f"v1:0a1b2c3d:{CANARY}AAAAAAAAAAAA",
    ],
)
def test_texts_lose_what_looks_like_a_secret(text: str) -> None:
    assert CANARY not in Redactor()({"message": [text]})["message"][0]


def test_sealed_values_show_that_they_are() -> None:
    sealed = {"$sealed": "v1:0a1b2c3d:AAAA"}
    assert Redactor()({"spec": {"field": sealed}}) == {"spec": {"field": {"sealed": True}}}
    assert Redactor()({"password": {"sealed": True}}) == {"password": {"sealed": True}}


def test_known_secrets_are_found_in_every_text_and_key() -> None:
    redact = Redactor([CANARY, "abc"])
    value = {"log": [f"connect with {CANARY}!", "abc stays, it is too short", {f"k {CANARY}": 1}]}
    assert CANARY not in str(redact(value))
    assert "abc stays" in str(redact(value))


def test_addresses_get_equal_stand_ins() -> None:
    redact = Redactor()
    text = "192.168.1.5 and 10.0.0.1, again 192.168.1.5:8123, [fe80::1%eth0], AA:BB:CC:dd:ee:ff"
    shown = redact.text(text)
    assert shown == (
        "<address-1> and <address-2>, again <address-1>:8123, [<address-3>%eth0], <mac-1>"
    )
    assert redact.text("aa-bb-cc-dd-ee-ff") == "<mac-1>"


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "::1", "0.0.0.0", "12:34:56", "2026-01-02 03:04:05", "1.2.3", "a::b::c"],  # noqa: S104
)
def test_what_names_no_machine_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_addresses_are_shown_on_request() -> None:
    assert Redactor(show_addresses=True).text("10.0.0.1") == "10.0.0.1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=20,
)


def texts(value: Any) -> Iterator[str]:
    """Return every text in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


@given(JSON, st.lists(st.text(min_size=4, max_size=10), max_size=3))
def test_every_value_can_be_redacted_and_known_secrets_never_stay(
    value: Any, secrets: list[str]
) -> None:
    redacted = Redactor(secrets, show_addresses=True)({"x": value})
    for secret in secrets:
        if secret not in REDACTED:
            assert not any(secret in text for text in texts(redacted))
