"""Secrets leave texts in whatever form they come."""

import base64
import json
import urllib.parse

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.runner.redact import Redactor, redact

SECRET = "p4ss wörd/+\"&'=%?ÿ>"
SECRETS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=8, max_size=40)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        urllib.parse.quote(SECRET, safe="").lower(),
        json.dumps(SECRET)[1:-1],
    ],
)
def test_every_form_is_masked(form: str) -> None:
    found = redact(f"before {form} after", [SECRET])
    assert "***" in found
    assert found.startswith("before ")
    assert found.endswith(" after")
    assert form not in found


@pytest.mark.parametrize("lead", ["", "a", "ab", "user:", "Basic!"])
def test_base64_of_a_longer_text_is_masked(lead: str) -> None:
    encoded = base64.b64encode(f"{lead}correct-horse:tail".encode()).decode()
    found = redact(encoded, ["correct-horse"])
    assert b"correct-horse" not in base64.b64decode(found.replace("***", "") + "===")
    assert "***" in found


def test_lines_of_a_key_are_masked_one_by_one() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIGEAgEAMBAGByqGSM49AgEG\nBSuBBAAiA0IABHJoZQ\n-----END"
    found = redact("x MIGEAgEAMBAGByqGSM49AgEG y", [key])
    assert found == "x *** y"


def test_short_secrets_do_not_eat_words() -> None:
    assert redact("a cat sat", ["a", "cat", ""]) == "a cat sat"


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_no_form_survives(secret: str, before: str, after: str) -> None:
    assume(len(secret.strip()) >= 4)
    for form in (secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1]):
        assert secret.strip() not in redact(before + form + after, [secret]).replace("***", "\0")


def test_more_secrets_are_added() -> None:
    redactor = Redactor(["first-secret"])
    assert redactor.more([]) is redactor
    both = redactor.more(["second-secret"])
    assert both("first-secret second-secret") == "*** ***"
    assert both.found_in("xsecond-secretx")
