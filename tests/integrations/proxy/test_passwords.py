"""Hashes of passwords, against openssl."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.proxy.passwords import salted, sha512_crypt

SALTS = st.text(st.sampled_from("./0123456789ABCXYZabcxyz"), min_size=1, max_size=16)


def openssl(password: str, salt: str) -> str:
    """Let openssl hash a password."""
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-salt", salt, "-stdin"],
        input=f"{password}\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_a_hash_that_never_changes() -> None:
    assert sha512_crypt(b"Hello world!", b"saltstring") == (
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJu"
        "esI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
    )


@settings(max_examples=25)
@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=90), SALTS
)
def test_the_same_as_openssl(password: str, salt: str) -> None:
    assert sha512_crypt(password.encode(), salt.encode()) == openssl(password, salt)


@pytest.mark.parametrize("other", [("b", "pw", b"k"), ("a", "pw2", b"k"), ("a", "pw", b"l")])
def test_the_salt_is_the_same_every_time_and_nobody_elses(other: tuple[str, str, bytes]) -> None:
    one = salted("a", "pw", b"k")
    assert salted("a", "pw", b"k") == one
    assert salted(*other).split("$")[2] != one.split("$")[2]
