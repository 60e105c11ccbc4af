"""Host keys as OpenSSH writes them, and which are trusted."""

import subprocess
from pathlib import Path

import pytest

from hub.runner.hostkeys import algorithms, fingerprint_of, host_key, pin, trusts


@pytest.fixture(params=["ed25519", "ecdsa", "rsa"])
def public(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", request.param, "-N", "", "-f", str(tmp_path / "key")], check=True
    )
    return tmp_path / "key.pub"


def test_fingerprints_are_those_of_ssh_keygen(public: Path) -> None:
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    key = host_key(public.read_text())
    assert key.fingerprint == shown
    assert fingerprint_of(str(key)) == fingerprint_of(shown) == shown
    assert host_key(f"[10.0.0.1]:22 {public.read_text()}") == key


def test_pins_are_keys_or_fingerprints(public: Path) -> None:
    key = host_key(public.read_text())
    assert pin(public.read_text()) == str(key)
    assert pin(f" {key.fingerprint}= ") == key.fingerprint
    assert trusts((str(key),), key)
    assert trusts((key.fingerprint,), key)
    assert not trusts((), key)
    assert not trusts(("SHA256:" + "A" * 43,), key)


@pytest.mark.parametrize(
    "text",
    ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa !!!!", "SHA256:short", "MD5:aa:bb", "x y z"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a public host key"):
        pin(text)


def test_a_key_that_names_another_algorithm_is_refused(public: Path) -> None:
    body = public.read_text().split()[1]
    with pytest.raises(ValueError, match="expected"):
        host_key(f"ssh-dss {body}")


def test_pinned_algorithms_are_asked_for_first(public: Path) -> None:
    pinned = pin(public.read_text())
    asked = algorithms([pinned])
    first = {"ssh-rsa": "rsa-sha2-512"}.get(pinned.split()[0], pinned.split()[0])
    assert asked[0] == first
    assert len(set(asked)) == len(asked)
    assert not [name for name in asked if "cert" in name]
