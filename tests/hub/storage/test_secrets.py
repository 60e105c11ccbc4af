"""Sealing and opening, the key file, and when a start is refused."""

import base64
import json
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.storage import Database, Documents
from hub.storage.errors import KeyFileError, SecretUnreadable
from hub.storage.keyfile import Key, KeyFile, _private
from hub.storage.secrets import Keyring
from tests.peers.hub import HubProcess, run_hub

SECRET_KEY = "3f9c0a7be1d24586a1b2c3d4e5f60718"
BIND = "host.server/web:password"

Load = Callable[..., Awaitable[Keyring]]


@pytest.fixture
async def load(database: Database, tmp_path: Path) -> Load:
    """Return a function that loads the keyring of one data folder, again and again."""

    async def loaded(secret_key: str | None = None) -> Keyring:
        keyring = Keyring(database, tmp_path / "keys" / "sealing.json", secret_key)
        await keyring.load()
        return keyring

    return loaded


async def test_what_was_sealed_opens_after_a_restart(load: Load) -> None:
    sealed = (await load()).seal("geheim \u0633\u0631", BIND)
    assert (await load()).open(sealed, BIND) == "geheim \u0633\u0631"


async def test_the_form_of_a_sealed_text(load: Load) -> None:
    keyring = await load()
    version, key, token = keyring.seal("x" * 2048, BIND).split(":")
    assert (version, key) == ("v1", keyring.keys[0].id)
    assert len(key) == 8
    assert len(base64.urlsafe_b64decode(token + "==")) == 12 + 2048 + 16
    assert keyring.seal("x", BIND) != keyring.seal("x", BIND)


async def test_a_text_that_was_moved_does_not_open(load: Load) -> None:
    keyring = await load()
    sealed = keyring.seal("secret", BIND)
    with pytest.raises(SecretUnreadable, match="moved") as error:
        keyring.open(sealed, "host.server/other:password")
    assert error.value.code == "secret_unreadable"
    assert "secret" not in error.value.message.replace("the secret anew", "")


async def test_whatever_was_damaged_is_named(load: Load) -> None:
    keyring = await load()
    sealed = keyring.seal("secret", BIND)
    wrong = [
        "",
        "secret",
        "v1",
        "v1::",
        "v2" + sealed[2:],
        "v1:" + sealed[12:],
        "v1:00000000" + sealed[11:],
        sealed[:-1],
        sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:],
        sealed + "\u00e4",
        sealed[:12] + "AAAA",
    ]
    for text in wrong:
        with pytest.raises(SecretUnreadable, match=BIND):
            keyring.open(text, BIND)


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(), bind=st.text(), junk=st.text())
async def test_any_text_comes_back_and_junk_never_opens(
    load: Load, text: str, bind: str, junk: str
) -> None:
    keyring = await load()
    assert keyring.open(keyring.seal(text, bind), bind) == text
    with pytest.raises(SecretUnreadable):
        keyring.open(f"v1:{keyring.keys[0].id}:{junk}", bind)


async def test_derived_keys_differ_by_purpose_and_stay(load: Load) -> None:
    keyring = await load()
    audit = keyring.derive("audit")
    assert len(audit) == 32
    assert audit != keyring.derive("other")
    assert (await load()).derive("audit") == audit


async def test_the_key_file_is_private(load: Load) -> None:
    keyring = await load()
    file = keyring.file.path
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["sealing.json"]


@pytest.mark.parametrize(("mode", "of"), [(0o640, "file"), (0o604, "file"), (0o750, "folder")])
async def test_a_readable_key_file_is_refused(load: Load, mode: int, of: str) -> None:
    keyring = await load()
    path = keyring.file.path if of == "file" else keyring.file.path.parent
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"others may read .*chmod 7?6?00 {path}"):
        await load()


async def test_a_link_instead_of_the_key_file_is_refused(load: Load, tmp_path: Path) -> None:
    file = (await load()).file.path
    file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(KeyFileError, match="can not be read"):
        await load()


async def test_a_key_file_of_somebody_else_is_refused(load: Load) -> None:
    file = (await load()).file.path
    found = list(file.stat())
    found[stat.ST_UID] = 12345
    with pytest.raises(KeyFileError, match="belongs to the user with number 12345"):
        _private(file, os.stat_result(found))


async def test_keys_are_never_made_anew_beside_sealed_values(load: Load) -> None:
    file = (await load()).file.path
    kept = file.read_bytes()
    file.unlink()
    with pytest.raises(KeyFileError, match="the sealing keys are missing"):
        await load()
    assert not file.exists()
    file.write_bytes(kept)
    file.chmod(0o600)
    await load()


async def test_foreign_keys_are_refused(load: Load) -> None:
    file = (await load()).file
    file.write([Key.make()])
    with pytest.raises(KeyFileError, match="the keys do not open what"):
        await load()


async def test_sealed_values_without_the_root_are_refused(load: Load, database: Database) -> None:
    keyring = await load()
    documents = Documents(database)
    await documents.save("sealed", "x", keyring.seal("y", "documents:sealed/x:data"))
    await documents.delete("sealed", "root")
    with pytest.raises(KeyFileError, match="not the root value"):
        await load()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 1, "keys": []}',
        b'{"version": 1, "keys": [1]}',
        b'{"version": 1, "keys": [{"id": "1", "created_at": "", "key": "\xc3\xa4"}]}',
        b'{"version": 1, "keys": [{"id": "00000000", "created_at": "", "key": "AAAA"}]}',
        b'{"version": 1, "wrap": {}, "keys": [{}]}',
        (
            b'{"version": 1, "wrap": {"kdf": "scrypt", "n": 3, "r": 1, "p": 1, "salt": ""}, '
            b'"keys": [{}]}'
        ),
    ],
)
async def test_a_damaged_key_file_is_refused(load: Load, content: bytes) -> None:
    file = (await load()).file
    file.replace(content)
    with pytest.raises(KeyFileError, match="is damaged"):
        await load(SECRET_KEY)


async def test_a_newer_key_file_is_refused(load: Load) -> None:
    file = (await load()).file
    file.replace(b'{"version": 2, "keys": [1]}')
    with pytest.raises(KeyFileError, match="newer hub"):
        await load()


def wrapped(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content


async def test_a_secret_key_wraps_the_keys_at_once(load: Load) -> None:
    before = await load()
    sealed = before.seal("secret", BIND)
    after = await load(SECRET_KEY)
    assert after.open(sealed, BIND) == "secret"
    text = after.file.path.read_text()
    assert "wrap" in json.loads(text)
    for form in (base64.urlsafe_b64encode, base64.standard_b64encode, bytes.hex):
        found = form(before.keys[0].secret)
        assert (found if isinstance(found, str) else found.decode()) not in text
    assert (await load(SECRET_KEY)).open(sealed, BIND) == "secret"


async def test_wrapped_keys_need_the_secret_key(load: Load) -> None:
    await load(SECRET_KEY)
    with pytest.raises(KeyFileError, match="and none is set"):
        await load()
    with pytest.raises(KeyFileError, match="SECRET_KEY does not open the keys"):
        await load(SECRET_KEY.upper())


async def test_every_wrapping_has_its_own_salt(load: Load, tmp_path: Path) -> None:
    files = [KeyFile(tmp_path / name / "sealing.json", SECRET_KEY) for name in "ab"]
    key = Key.make()
    for file in files:
        file.write([key])
        assert file.read() == [key]
    one, other = (wrapped(file.path) for file in files)
    assert one["wrap"]["salt"] != other["wrap"]["salt"]
    assert one["keys"][0]["key"] != other["keys"][0]["key"]


async def test_a_wrapped_key_can_not_take_another_ones_name(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys" / "sealing.json", SECRET_KEY)
    file.write([Key.make(), Key.make()])
    content = wrapped(file.path)
    first, second = content["keys"]
    first["key"], second["key"] = second["key"], first["key"]
    file.replace(json.dumps(content).encode())
    with pytest.raises(KeyFileError):
        file.read()


async def test_rewrap_changes_the_secret_key(load: Load) -> None:
    keyring = await load(SECRET_KEY)
    sealed = keyring.seal("secret", BIND)
    keyring.file.rewrap("another " + SECRET_KEY)
    with pytest.raises(KeyFileError, match="does not open"):
        await load(SECRET_KEY)
    assert (await load("another " + SECRET_KEY)).open(sealed, BIND) == "secret"


async def test_a_text_of_an_older_key_is_renewed(load: Load) -> None:
    keyring = await load()
    old = keyring.seal("secret", BIND)
    assert keyring.renewed(old, BIND) == old
    await keyring.use([Key.make(), *keyring.keys])
    renewed = keyring.renewed(old, BIND)
    assert renewed.split(":")[1] == keyring.keys[0].id
    assert keyring.open(renewed, BIND) == "secret"


def refused(hub: HubProcess, **environment: str) -> str:
    """Run the stopped hub again, which must be refused, and return what it says."""
    done = run_hub(
        "run", "--config", str(hub.config), "--data", str(hub.data), "--port", str(hub.port),
        **environment,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_real_hub_refuses_to_start_in_words(start_hub: Callable[..., HubProcess]) -> None:
    hub = start_hub()
    assert hub.stop() == 0
    keys = hub.data / "keys" / "sealing.json"
    keys.chmod(0o644)
    assert "others may read the sealing keys" in refused(hub)
    keys.chmod(0o600)
    hidden = keys.rename(keys.with_name("hidden"))
    assert "the sealing keys are missing" in refused(hub)
    hidden.rename(keys)
    hub.environment["SECRET_KEY"] = SECRET_KEY
    hub.start()
    assert hub.stop() == 0
    assert "wrap" in wrapped(keys)
    assert "and none is set" in refused(hub)
    assert "SECRET_KEY does not open the keys" in refused(hub, SECRET_KEY="x" + SECRET_KEY)
    hub.start()
