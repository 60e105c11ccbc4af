"""`hub proxy` as a person runs it: a process of its own against a whole hub and real nginx."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hub.cli.conftest import HUB, Done, clean_environment
from tests.integrations.proxy.conftest import World, forward
from tests.integrations.proxy.npm import Npm
from tests.peers.nginx import Backend, Nginx
from tests.peers.terminal import OpenTerminal, Terminal

BAD = "no_such_directive on;"


@dataclass
class Shell:
    """A person's folder and environment."""

    home: Path
    environment: dict[str, str]
    open_terminal: OpenTerminal

    async def hub(self, *arguments: str, stdin: str | None = None) -> Done:
        """Run one command to its end."""
        process = await asyncio.create_subprocess_exec(
            *HUB, *arguments, cwd=self.home, env=self.environment,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate(None if stdin is None else stdin.encode())
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Done(process.returncode, out.decode(), err.decode())

    async def ok(self, *arguments: str, stdin: str | None = None) -> Done:
        """Run a command that must succeed."""
        done = await self.hub(*arguments, stdin=stdin)
        assert done.status == 0, done
        return done

    async def json(self, *arguments: str) -> Any:
        """Run a command that must succeed, and return what it answers."""
        return json.loads((await self.ok(*arguments, "-o", "json")).out)


def shell_of(tmp_path: Path, open_terminal: OpenTerminal, data: Path | None = None) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    environment = clean_environment(home)
    if data is not None:
        environment["HUB_DATA"] = str(data)
    return Shell(home, environment, open_terminal)


@pytest.fixture
def shell(world: World, tmp_path: Path, open_terminal: OpenTerminal) -> Shell:
    """Someone before the hub of `world`."""
    return shell_of(tmp_path, open_terminal, world.hub.data_dir)


@pytest.fixture
def alone(tmp_path: Path, open_terminal: OpenTerminal) -> Shell:
    """Someone without any hub."""
    return shell_of(tmp_path, open_terminal)


async def test_deploy_shows_the_log_and_how_it_ended(
    world: World, shell: Shell, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    (world.bases["web"] / "current" / "http" / "host-blog.conf").write_text("# by hand\n")
    done = await shell.ok("proxy", "deploy", "server/web")
    assert "proxy.server/web: " in done.err
    assert "done" in done.out
    assert await world.fetch("blog.test") == "site /\n"
    assert "by hand" not in world.files()["http/host-blog.conf"]
    rows = await shell.json("proxy", "deploy", "--all")
    assert {row["resource"] for row in rows} == {"proxy.server/web", "proxy.host/blog"}
    assert {row["state"] for row in rows} <= {"done", "in sync"}
    [row] = await shell.json("proxy", "deploy", "blog", "--no-wait")
    assert row["resource"] == "proxy.host/blog"


async def test_deploy_of_what_nginx_refuses_fails_with_the_field(
    world: World, shell: Shell, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await world.apply("proxy.host/blog", **forward(backend, "blog.test", advanced_config=BAD))
    done = await shell.hub("proxy", "deploy", "blog")
    assert done.status == 1
    assert "advanced_config" in done.err
    assert "hub jobs log" in done.err
    assert "failed" in done.out
    assert await world.fetch("blog.test") == "site /\n"


async def test_names(world: World, shell: Shell, backend: Backend) -> None:
    await world.good("proxy.host/web", **forward(backend, "web.test"))
    both = await shell.hub("proxy", "deploy", "web")
    assert both.status == 2
    assert "proxy.host/web and proxy.server/web" in both.err
    assert "there is no" in (await shell.hub("proxy", "deploy", "nothing")).err
    assert "expected a key, or TYPE/KEY" in (await shell.hub("proxy", "deploy", "light/x")).err
    assert (await shell.hub("proxy", "deploy")).status == 2
    assert (await shell.hub("proxy", "deploy", "--all", "web")).status == 2


async def test_diff_shows_what_would_change_and_changes_nothing(
    world: World, shell: Shell, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    before = world.files()
    assert "nothing would change" in (await shell.ok("proxy", "diff", "blog")).out
    spec = forward(backend, "blog.test", max_body_size="7m")
    (shell.home / "blog.yaml").write_text(yaml.safe_dump(spec))
    done = await shell.ok("proxy", "diff", "blog", "-f", "blog.yaml")
    assert "# web" in done.out
    assert "+    client_max_body_size 7m;" in done.out.replace("+  client", "+    client")
    assert "-" in done.out
    found = await shell.json("proxy", "diff", "host/blog", "-f", "blog.yaml")
    assert found["servers"]["web"]["ok"] is True
    assert "7m" in found["servers"]["web"]["diff"]
    (shell.home / "bad.yaml").write_text(yaml.safe_dump({**spec, "advanced_config": BAD}))
    refused = await shell.hub("proxy", "diff", "blog", "-f", "bad.yaml")
    assert refused.status == 1
    assert "no_such_directive" in refused.err
    (shell.home / "worse.yaml").write_text(yaml.safe_dump({**spec, "forward_port": 0}))
    wrong = await shell.hub("proxy", "diff", "blog", "-f", "worse.yaml")
    assert wrong.status == 1
    assert "forward_port" in wrong.err
    assert world.files() == before


async def test_diff_of_a_server_shows_what_was_changed_by_hand(
    world: World, shell: Shell, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    done = await shell.ok("proxy", "diff", "server/web")
    assert done.out.endswith("# web\nnothing would change\n# web: nothing was changed by hand\n")
    http = world.bases["web"] / "current" / "http"
    file = http / "host-blog.conf"
    file.write_text(file.read_text() + "# by\x1b[31m hand\n")
    (http / "zz.conf").symlink_to("/dev/null")
    done = await shell.ok("proxy", "diff", "server/web")
    _, _, section = done.out.partition("# web: changed by hand\n")
    assert section.startswith("http/host-blog.conf (modified)\n--- http/host-blog.conf\n")
    assert "\n+# by" in section
    assert "\x1b" not in section
    assert "http/zz.conf (extra): not read: it is a symbolic link" in section
    found = await shell.json("proxy", "diff", "server/web")
    (modified, _) = found["by_hand"]["files"]
    assert modified["part"] == "proxy.host/blog"
    assert "by_hand" not in await shell.json("proxy", "diff", "blog")


async def test_a_diff_has_colours_on_a_terminal(
    world: World, shell: Shell, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    spec = forward(backend, "blog.test", max_body_size="7m")
    (shell.home / "blog.yaml").write_text(yaml.safe_dump(spec))
    terminal = shell.open_terminal(
        [*HUB, "proxy", "diff", "blog", "-f", "blog.yaml"],
        {**shell.environment, "TERM": "xterm"},
        shell.home,
    )

    def dialogue(at: Terminal) -> None:
        at.expect(r"\x1b\[32m\+")

    await asyncio.to_thread(dialogue, terminal)


async def test_rollback_and_status(world: World, shell: Shell, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    first = (await shell.json("proxy", "status"))["servers"]["web"]["release"]
    await world.good("proxy.host/blog", **forward(backend, "new.test"))
    shown = await shell.ok("proxy", "status")
    assert "SERVER" in shown.out
    assert "blog" in shown.out
    assert "deployed" in shown.out
    assert "none" in shown.out  # no drift
    now = (await shell.json("proxy", "status"))["servers"]["web"]["release"]
    assert now != first
    assert "there is no server" in (await shell.hub("proxy", "status", "nobody")).err
    one = await shell.json("proxy", "status", "blog")
    assert one["hosts"]["blog"]["domains"] == ["new.test"]
    wrong = await shell.hub("proxy", "rollback", "web", "--to", "r999999-00000000")
    assert wrong.status == 1
    assert first in wrong.err
    done = await shell.ok("proxy", "rollback", "web", "--to", first, "-y")
    assert f"web serves {first}" in done.err
    assert await world.fetch("blog.test") == "site /\n"
    assert await world.fetch("new.test") is None
    after = await shell.json("proxy", "status")
    assert after["servers"]["web"]["release"] == first
    assert after["hosts"]["blog"]["servers"]["web"]["state"] == "outdated"
    assert "web (outdated)" in (await shell.ok("proxy", "status")).out


async def test_npm_moves_over(world: World, shell: Shell, backend: Backend) -> None:
    npm = Npm(shell.home / "npm")
    family = npm.add("access_list", name="Family")
    npm.add("access_list_auth", access_list_id=family, username="ada", password="enigma")
    npm.host("blog.test", forward_host="127.0.0.1", forward_port=backend.port)
    npm.host(
        "home.test", forward_host="127.0.0.1", forward_port=backend.port, access_list_id=family
    )
    npm.add("user", email="a@b.test", name="A", nickname="a", avatar="", roles=[])
    command = ("proxy", "import", "npm", "npm", "--server", "web")
    dry = await shell.ok(*command)
    assert "would create proxy.host/blog.test" in dry.out
    assert "nothing was changed" in dry.err
    assert "taken over: 1 proxy.access_list, 2 proxy.host" in dry.err
    assert "Not taken over (1):" in dry.err
    assert "enigma" not in dry.out + dry.err
    assert world.hub.resources.list("proxy.host") == []
    done = await shell.ok(*command, "--write", "-y")
    assert "all is live" in done.err
    assert await world.fetch("blog.test") == "site /\n"
    assert (await world.get("home.test")).status == 401
    login = {"Authorization": "Basic YWRhOmVuaWdtYQ=="}
    assert (await world.get("home.test", headers=login)).text == "site /\n"
    again = await shell.ok(*command, "--write", "-y")
    assert "3 unchanged" in again.out


async def test_nothing_is_half_written(world: World, shell: Shell, backend: Backend) -> None:
    """A server that is not there refuses the whole import."""
    npm = Npm(shell.home / "npm")
    npm.host("a.test", forward_host="127.0.0.1", forward_port=backend.port)
    npm.host("b.test", forward_host="127.0.0.1", forward_port=backend.port)
    done = await shell.hub("proxy", "import", "npm", "npm", "--server", "nowhere", "--write", "-y")
    assert done.status in (1, 2)
    assert "nowhere" in done.err
    assert world.hub.resources.list("proxy.host") == []


async def test_a_tree_moves_over_and_a_server_gives_it_back(
    world: World, shell: Shell, backend: Backend
) -> None:
    (shell.home / "nginx.conf").write_text(
        "events {}\nhttp {\n server { server_name old.test; proxy_store on;\n"
        f"  location / {{ proxy_pass http://127.0.0.1:{backend.port}; }} }}\n}}\n"
    )
    command = ("proxy", "import", "nginx", "nginx.conf", "--server", "web")
    done = await shell.ok(*command, "--write", "-y", "--report", "report.txt", "--prefix", "x-")
    assert "the report is in report.txt" in done.err
    assert (shell.home / "report.txt").stat().st_mode & 0o777 == 0o600
    assert "nginx.conf:1: events" in (shell.home / "report.txt").read_text()
    assert await world.fetch("old.test") == "site /\n"
    base = world.bases["web"]
    back = await shell.ok("proxy", "import", "server", str(base), "-f", "-")
    found = yaml.safe_load(back.out)
    assert found["proxy.host/x-old.test"]["domain_names"] == ["old.test"]
    assert found["proxy.server/web"]["base"] == str(base)
    manifest = (base / "current" / "manifest.json").read_text()
    piped = await shell.ok("proxy", "import", "server", "-", "-f", "-", stdin=manifest)
    assert yaml.safe_load(piped.out) == found
    same = await shell.ok("proxy", "import", "server", str(base))
    assert "2 unchanged" in same.out


async def test_an_import_into_a_file_needs_no_hub(alone: Shell) -> None:
    npm = Npm(alone.home / "npm")
    family = npm.add("access_list", name="Family")
    npm.add("access_list_auth", access_list_id=family, username="ada", password="enigma")
    npm.host("blog.test", access_list_id=family)
    command = ("proxy", "import", "npm", "npm", "--group", "all", "-f", "out.yaml")
    done = await alone.ok(*command)
    assert "in the clear" in done.err
    file = alone.home / "out.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    found = yaml.safe_load(file.read_text())
    assert found["proxy.access_list/family"]["items"] == [{"username": "ada", "password": "enigma"}]
    assert found["proxy.host/blog.test"]["group"] == "all"
    assert "all is fine" in (await alone.ok("proxy", "lint", "out.yaml")).err
    assert "name a new file" in (await alone.hub(*command)).err
    nowhere = await alone.hub("proxy", "import", "npm", "npm")
    assert nowhere.status == 2
    assert "--server or --group" in nowhere.err
    missing = await alone.hub("proxy", "import", "npm", "none", "--server", "a")
    assert missing.status == 2
    assert "none" in missing.err


async def test_lint_of_resources_tells_file_and_line(alone: Shell) -> None:
    (alone.home / "hosts.yaml").write_text(
        "proxy.host/a:\n"
        "  domain_names: [a.test]\n"
        "  servers: [web]\n"
        "  forward_host: 10.0.0.1\n"
        "  forward_port: 99999\n"
        "  locations:\n"
        "    - path: /api\n"
        "    - path: relative\n"
        "proxy.host/b:\n"
        "  domain_names: [b.test]\n"
        "  servers: [web]\n"
        "  forward_host: 10.0.0.1\n"
        "  forward_port: 80\n"
        "  advanced_config: |\n"
        "    gzip on;\n"
        "    location /x {\n"
        "light.none/c:\n"
        "  x: 1\n"
    )
    done = await alone.hub("proxy", "lint", "hosts.yaml")
    assert done.status == 2
    assert "hosts.yaml:5: proxy.host/a: forward_port: expected a port" in done.out
    assert "hosts.yaml:8: proxy.host/a: locations.1.path: " in done.out
    assert "hosts.yaml:14: proxy.host/b: advanced_config: " in done.out
    assert "3 problems" in done.err
    rows = json.loads((await alone.hub("proxy", "lint", "hosts.yaml", "-o", "json")).out)
    assert [row["line"] for row in rows] == [5, 8, 14]


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("gzip on;\n", "server", ""),
        ("gzip on\n", "server", "-:1: "),
        ("gzip on;\nlocation / { }\n", "server", "-:2: "),
        ("proxy_pass http://a;\n", "location", "-:1: "),
    ],
    ids=["good", "open", "block", "owned"],
)
async def test_lint_of_a_snippet(alone: Shell, text: str, level: str, words: str) -> None:
    done = await alone.hub("proxy", "lint", "-", "--level", level, stdin=text)
    assert done.status == (2 if words else 0)
    assert words in done.out
    (alone.home / "snippet.conf").write_text(text)
    file = await alone.hub("proxy", "lint", "snippet.conf", "--level", level)
    assert file.status == done.status
    assert file.out == done.out.replace("-:", "snippet.conf:", 1)


async def test_completion_knows_the_names(world: World, shell: Shell, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))

    async def complete(words: str) -> list[str]:
        count = str(len(words.split(" ")) - 1)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli.app", cwd=shell.home,
            env={**shell.environment, "_HUB_COMPLETE": "bash_complete", "COMP_WORDS": words,
                 "COMP_CWORD": count},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        return [line.partition(",")[2] for line in out.decode().splitlines()]

    assert await complete("hub proxy deploy b") == ["blog"]
    assert await complete("hub proxy rollback ") == ["web"]
    assert "import" in await complete("hub proxy i")
    assert "proxy" in await complete("hub pro")


async def test_a_hub_without_proxies(
    bare: World, tmp_path: Path, open_terminal: OpenTerminal
) -> None:
    shell = shell_of(tmp_path, open_terminal, bare.hub.data_dir)
    done = await shell.hub("proxy", "status")
    assert (done.status, done.out) == (1, "")
    assert "error: this hub has no proxy.server yet\nhint: write one" in done.err
    done = await shell.ok("proxy", "deploy", "--all")
    assert "there is nothing to deploy" in done.err


async def test_commands_import_next_to_nothing(world: World, shell: Shell) -> None:
    """What a command costs is what it imports: no schema, no YAML, no loop for a look."""
    program = (
        "import json, sys; from hub.cli.app import run; status = run(sys.argv[1:]);"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr); sys.exit(status)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, "proxy", "status", cwd=shell.home, env=shell.environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    loaded = set(json.loads(err.decode().splitlines()[-1]))
    assert process.returncode == 0
    heavy = {"asyncio", "voluptuous", "yaml", "crossplane", "cryptography", "ssl", "hub.sdk"}
    assert heavy.isdisjoint(loaded)
    assert {name for name in loaded if name.startswith("integrations.proxy.")} == {
        "integrations.proxy.cli",
        "integrations.proxy.cli.names",
        "integrations.proxy.cli.status",
    }


async def test_a_site_moves_on_its_own_nginx_without_a_gap(
    shared: World, nginx: Nginx, tmp_path: Path, open_terminal: OpenTerminal, backend: Backend
) -> None:
    """As docs/proxy-import.md says: the old file goes without a reload, the deploy brings one."""
    shell = shell_of(tmp_path, open_terminal, shared.hub.data_dir)
    old = nginx.folder / "sites-enabled" / "old"
    old.write_text(
        f"server {{ listen 127.0.0.1:{nginx.port}; server_name old.test;"
        f" location / {{ proxy_pass http://127.0.0.1:{backend.port}; }} }}\n"
    )
    process = await asyncio.create_subprocess_exec("nginx", "-c", str(nginx.main), "-s", "reload")
    assert await process.wait() == 0
    in_a_row = 0
    while in_a_row < 30:  # workers from before the reload may answer for a moment
        in_a_row = in_a_row + 1 if await shared.fetch("old.test") == "site /\n" else 0
        await asyncio.sleep(0.02)
    answers: list[str | None] = []

    async def watch() -> None:
        while True:
            answers.append(await shared.fetch("old.test"))

    watching = asyncio.create_task(watch())
    command = ("proxy", "import", "nginx", str(nginx.main), "--server", "web", "--write", "-y")
    refused = await shell.hub(*command)
    assert refused.status == 1
    assert "old.test" in refused.err
    old.unlink()
    await shell.ok("proxy", "deploy", "old.test")
    count = len(answers)
    while len(answers) < count + 20:
        await asyncio.sleep(0.02)
    watching.cancel()
    assert set(answers) == {"site /\n"}
    assert "host-old.test.conf" in " ".join(shared.files())
