"""Which hub is asked, as whom, and what is said when it is not there."""

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hub.const import EVENT_STATE_CHANGED
from tests.hub.cli.conftest import Shell


async def bare(shell: Shell, *arguments: str, **environment: str) -> Any:
    """Run a command without HUB_DATA."""
    shell.environment.pop("HUB_DATA", None)
    return await shell.hub(*arguments, **environment)


async def test_the_data_folder_here_is_asked_last(shell: Shell) -> None:
    none = await bare(shell, "get")
    assert none.status == 1
    assert none.err.startswith("error: no hub runs on .data (chosen by the data folder .data)\n")
    assert "hub run" in none.err
    (shell.home / ".data").symlink_to(shell.hub_.data_dir)
    assert (await bare(shell, "get")).status == 0


async def test_the_command_line_wins_over_everything(shell: Shell, tmp_path: Path) -> None:
    data = str(shell.hub_.data_dir)
    wrong = {"HUB_URL": "http://127.0.0.1:9", "HUB_DATA": str(tmp_path)}
    assert (await shell.hub("get", **wrong)).status == 1
    assert (await shell.hub("get", "--data", data, **wrong)).status == 0
    assert "chosen by HUB_URL" in (await shell.hub("get", **wrong)).err


async def test_a_url_needs_a_token(shell: Shell) -> None:
    url = shell.house.url
    refused = await shell.hub("get", HUB_URL=url)
    assert refused.status == 1
    assert f"hint: log in with `hub login {url}`, or set HUB_TOKEN" in refused.err
    wrong = await shell.hub("get", HUB_URL=url, HUB_TOKEN="wrong")
    assert "HUB_TOKEN is not, or no longer, a good token" in wrong.err
    assert (await shell.hub("get", HUB_URL=url, HUB_TOKEN=shell.house.token)).status == 0
    assert (await shell.hub("get", HUB_URL=f"unix:{shell.hub_.data_dir}/hub.sock")).status == 0


async def test_a_token_says_who_asks_also_over_the_socket(shell: Shell) -> None:
    users: list[str | None] = []
    shell.hub_.bus.listen(EVENT_STATE_CHANGED, lambda event: users.append(event.context.user_id))
    guest = await shell.hub_.auth.users.create("Guest")
    token = await shell.hub_.auth.tokens.create_long_lived(guest, "guest", 1)
    call = ("call", "switch.turn_on", "--target", "entity_id=switch.demo_lamp")
    await shell.ok(*call, HUB_TOKEN=token)
    assert set(users) == {guest.id}


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("http://127.0.0.1:9", 1, "no hub answers at http://127.0.0.1:9"),
        ("ftp://hub", 2, "'ftp://hub' is not the address of a hub"),
        ("hub.lan:8123", 2, "is not the address of a hub"),
        ("http://hub:port", 2, "is not the address of a hub"),
        ("http://hub/path", 2, "is not the address of a hub"),
        ("http://anna:secret@hub", 2, "is not the address of a hub"),
        ("http://nö-such-höst.invalid", 1, "no hub answers at http://xn--"),
        ("http://no-such-host.invalid", 1, "no hub answers at http://no-such-host.invalid:80"),
        ("unix:/nowhere/hub.sock", 1, "no hub runs on /nowhere"),
    ],
)
async def test_wrong_addresses(shell: Shell, url: str, status: int, words: str) -> None:
    done = await shell.hub("get", HUB_URL=url)
    assert done.status == status
    assert words in done.err
    assert "\nhint: " in done.err


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"220 mail.example ESMTP\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\n<html>", "the answer is not JSON"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "the hub answered 502"),
        (b"HTTP/1.1 301 Moved\r\nLocation: https://hub.lan/\r\n\r\n", "it is at https://hub.lan/"),
        (b"HTTP/1.1 400 \r\n\r\n" + b'{"message": "\\u001b[2Jevil", "code": "x"}', "[2Jevil"),
    ],
)
async def test_what_is_no_hub(shell: Shell, answer: bytes, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            link, _ = listening.accept()
            with link:
                link.recv(4096)
                link.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        done = await shell.hub("get", HUB_URL=f"http://127.0.0.1:{listening.getsockname()[1]}")
        thread.join(5)
    assert done.status == 1
    assert words in done.err
    assert "\x1b" not in done.err


async def test_a_token_with_a_line_end_is_no_header(shell: Shell) -> None:
    for token in ("two words", "a\r\nX-Evil: 1", "ключ"):
        done = await shell.hub("get", HUB_TOKEN=token)
        assert done.status == 2
        assert "HUB_TOKEN does not hold a token" in done.err
    assert (await shell.hub("get", HUB_TOKEN=f"{shell.house.token}\n")).status == 0


async def test_a_certificate_is_checked(shell: Shell, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", key, "-out", certificate]
    await asyncio.to_thread(subprocess.run, [*make, *name, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while len(asked) < 1:
                link, _ = listening.accept()
                try:
                    with context.wrap_socket(link, server_side=True) as secure:
                        asked.append(secure.recv(4096))
                        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
                except OSError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://localhost:{listening.getsockname()[1]}"
        secret = {"HUB_URL": url, "HUB_TOKEN": "very-secret"}
        refused = await shell.hub("get", **secret)
        assert refused.status == 1
        assert f"the certificate of {url}" in refused.err
        assert "SSL_CERT_FILE" in refused.err
        assert asked == []
        other_name = await shell.hub(
            "get",
            **secret | {"HUB_URL": url.replace("localhost", "127.0.0.1")},
            SSL_CERT_FILE=str(certificate),
        )
        assert other_name.status == 1
        assert asked == []
        done = await shell.hub("get", **secret, SSL_CERT_FILE=str(certificate))
        thread.join(5)
    assert done.status == 0, done
    assert b"Authorization: Bearer very-secret" in asked[0]


PASSWORD = "a-long-password"  # what the house's owner has


async def test_a_login_is_kept_private_and_used(shell: Shell) -> None:
    url = shell.house.url
    done = await bare(shell, "login", url, "--user", "owner", "--password-stdin", stdin=PASSWORD)
    assert done.status == 0, done
    file = shell.home / ".config/hub/login.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text() + done.out + done.err
    assert (await bare(shell, "get")).status == 0
    assert (await bare(shell, "login")).out == f"owner at {url}\n"
    # An access token that has ended is renewed, and the new one is kept.
    stored = json.loads(file.read_text())
    file.write_text(json.dumps({**stored, "access_token": "old", "expires_at": time.time() - 1}))
    assert (await bare(shell, "get")).status == 0
    assert json.loads(file.read_text())["access_token"] != "old"
    file.chmod(0o644)
    open_ = await bare(shell, "get")
    assert open_.status == 1
    assert f"chmod 600 {file}" in open_.err
    file.chmod(0o600)
    assert (await bare(shell, "get", HUB_TOKEN="wrong")).status == 1
    out = await bare(shell, "login", "--forget")
    assert out.err == f"logged out of {url}\n"
    assert not file.exists()
    file.write_text(json.dumps({**stored, "access_token": "old", "expires_at": 0}))
    file.chmod(0o600)
    ended = await bare(shell, "get")
    assert ended.status == 1
    assert f"run `hub login {url}` again" in ended.err


async def test_a_stored_login_is_shown_to_no_other_hub(shell: Shell) -> None:
    url = shell.house.url
    await bare(shell, "login", url, "--user", "owner", "--password-stdin", stdin=PASSWORD)
    assert (await bare(shell, "get", HUB_URL=url)).status == 0
    with socket.create_server(("127.0.0.1", 0)) as listening:
        other = f"http://127.0.0.1:{listening.getsockname()[1]}"
        asked: list[bytes] = []

        def serve() -> None:
            link, _ = listening.accept()
            with link:
                asked.append(link.recv(4096))

        thread = threading.Thread(target=serve)
        thread.start()
        assert (await bare(shell, "get", HUB_URL=other)).status == 1
        thread.join(5)
    assert asked[0].startswith(b"GET ")
    assert b"Authorization" not in asked[0]


async def test_a_wrong_password_is_told(shell: Shell) -> None:
    done = await shell.hub(
        "login", shell.house.url, "--user", "owner", "--password-stdin", stdin="wrong password"
    )
    assert done.status == 1
    assert "user name or password is wrong" in done.err
    assert (await shell.hub("login")).status == 1


async def test_a_damaged_login_is_told(shell: Shell) -> None:
    shell.write(".config/hub/login.json", "{")
    (shell.home / ".config/hub/login.json").chmod(0o600)
    done = await bare(shell, "get")
    assert done.status == 1
    assert "login.json is damaged" in done.err


async def test_a_terminal_asks_for_what_is_missing(shell: Shell) -> None:
    def person(terminal: Any) -> None:
        terminal.expect("User name: ")
        terminal.type("owner\n")
        terminal.expect("Password: ")
        terminal.type("wrong password\n")
        terminal.expect("user name or password is wrong")
        terminal.expect("Password: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect("logged in to ")
        assert terminal.end() == 0
        assert PASSWORD not in terminal.screen

    await shell.at_terminal(person, "login", shell.house.url)


async def test_the_second_factor_is_asked_for(shell: Shell) -> None:
    import pyotp

    auth = shell.hub_.auth
    owner = auth.users.by_username("owner")
    assert owner is not None
    secret = auth.totp.offer(owner, "test").secret
    codes = await auth.totp.enable(owner, secret, pyotp.TOTP(secret).now())
    lines = f"{PASSWORD}\n{codes[0]}\n"
    arguments = ("login", shell.house.url, "--user", "owner", "--password-stdin")
    assert (await shell.hub(*arguments, stdin=lines)).status == 0
    again = await shell.hub(*arguments, stdin=lines)
    assert again.status == 1
    assert "the code is wrong" in again.err

    def person(terminal: Any) -> None:
        terminal.expect("Password: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect("Code of the second factor: ")
        terminal.type("000000\n")
        terminal.expect("the code is wrong")
        terminal.expect("Code of the second factor: ")
        terminal.type(f"{codes[1]}\n")
        terminal.expect("logged in to ")
        assert terminal.end() == 0

    await shell.at_terminal(person, "login", shell.house.url, "--user", "owner")
