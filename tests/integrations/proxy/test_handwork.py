"""What was changed by hand, as texts: from real servers, and the differences alone."""

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.auth import Role
from hub.errors import HubError, Unauthorized
from hub.events import Context
from integrations.proxy.deploying import handwork, unified
from integrations.proxy.deploying.unified import unified as difference
from tests.integrations.proxy.conftest import World, forward
from tests.peers.nginx import Backend
from tests.peers.ports import require


async def drift(world: World, context: Context | None = None, server: str = "web") -> Any:
    return await world.hub.services.call("proxy", "drift", {"server": server}, None, context, True)


async def told(world: World, context: Context | None = None) -> dict[str, Any]:
    """Return the files by path."""
    return {file["path"]: file for file in (await drift(world, context))["files"]}


@pytest.fixture
async def blog(world: World, backend: Backend) -> World:
    """A server with one host."""
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    return world


def http(world: World) -> Path:
    return world.bases["web"] / "current" / "http"


def add(file: Path, text: str) -> None:
    with file.open("a") as end:
        end.write(text)


async def test_what_is_as_it_was_deployed_has_no_files(blog: World) -> None:
    found = await drift(blog)
    assert found == {"release": (blog.bases["web"] / "current").readlink().name, "files": []}


async def test_each_file_is_shown_as_a_difference(blog: World) -> None:
    file, hub = http(blog) / "host-blog.conf", http(blog) / "00-hub.conf"
    text = file.read_text()
    file.write_text(text.replace("server_name blog.test;", "server_name mine.test;"))
    (http(blog) / "zz-mine.conf").write_text("# mine\nallow all;")
    release = hub.read_text()
    hub.unlink()
    main = blog.bases["web"] / "nginx.conf"
    main.write_text(main.read_text() + "# end\n")
    found = await told(blog)
    assert [(one["path"], one["how"], one["part"]) for one in found.values()] == [
        ("http/host-blog.conf", "modified", "proxy.host/blog"),
        ("nginx.conf", "modified", "proxy.server/web"),
        ("http/00-hub.conf", "missing", "proxy.server/web"),
        ("http/zz-mine.conf", "extra", None),
    ]
    assert {one["note"] for one in found.values()} == {None}, "each was made again to the letter"
    diff = found["http/host-blog.conf"]["diff"].splitlines()
    assert diff[:2] == ["--- http/host-blog.conf", "+++ http/host-blog.conf"]
    assert {line.replace(" ", "") for line in diff if line[:1] in "+-"} >= {
        "-server_nameblog.test;",
        "+server_namemine.test;",
    }
    assert found["nginx.conf"]["diff"].endswith("\n+# end\n")
    lines = found["http/00-hub.conf"]["diff"].splitlines()
    assert [line[1:] for line in lines[3:]] == release.splitlines()
    assert lines[1] == "+++ /dev/null"
    assert found["http/zz-mine.conf"]["diff"].splitlines() == [
        "--- /dev/null",
        "+++ http/zz-mine.conf",
        "@@ -0,0 +1,2 @@",
        "+# mine",
        "+allow all;",
        "\\ No newline at end of file",
    ]


async def test_an_adopted_text_is_what_was_deployed(blog: World) -> None:
    file = http(blog) / "host-blog.conf"
    file.write_text(file.read_text() + "# adopted\n")
    await blog.site().adopt(None)
    file.write_text(file.read_text() + "# later\n")
    one = (await told(blog))["http/host-blog.conf"]
    assert one["note"] is None
    assert "+# later\n" in one["diff"]
    assert "+# adopted" not in one["diff"]


async def test_secrets_and_other_files_are_named_and_never_read(
    world: World, backend: Backend
) -> None:
    await world.good(
        "proxy.access_list/staff", items=[{"username": "ann", "password": "opensesame"}]
    )
    await world.good("proxy.host/blog", **forward(backend, "blog.test", access_list_id="staff"))
    (password,) = (world.bases["web"] / "files").glob("*.htpasswd")
    password.write_text("ann:swordfish\n")
    (http(world) / "notes.txt").write_text("swordfish\n")
    (http(world) / ".hidden.conf").write_text("swordfish\n")
    found = await told(world)
    assert set(found) == {f"files/{password.name}", "http/notes.txt", "http/.hidden.conf"}
    assert {one["diff"] for one in found.values()} == {None}
    assert found[f"files/{password.name}"]["note"] == "not read: keys and passwords lie there"
    assert "only *.conf files" in found["http/notes.txt"]["note"]
    assert "swordfish" not in str(found)


async def test_links_are_not_followed(blog: World, tmp_path: Path) -> None:
    secret = blog.bases["web"].parent / "secret"
    secret.write_text("swordfish\n")
    (http(blog) / "zz.conf").symlink_to(secret)
    found = await told(blog)
    assert (found["http/zz.conf"]["diff"], found["http/zz.conf"]["note"]) == (
        None,
        "not read: it is a symbolic link, or its folder is one",
    )
    (http(blog) / "zz.conf").unlink()
    (http(blog) / "host-blog.conf").unlink()
    (http(blog) / "host-blog.conf").symlink_to(secret)
    one = (await told(blog))["http/host-blog.conf"]
    assert (one["diff"], one["note"]) == (
        found["http/zz.conf"]["diff"],
        found["http/zz.conf"]["note"],
    )
    (http(blog) / "host-blog.conf").unlink()
    other = blog.bases["web"].parent / "other"
    shutil.copytree(http(blog), other)
    (other / "host-blog.conf").write_text("swordfish\n")
    shutil.rmtree(http(blog))
    http(blog).symlink_to(other)
    assert "swordfish" not in str(await told(blog))
    release = (blog.bases["web"] / "current").readlink().name
    words = ["@", str(blog.bases["web"]), release, "99"]
    outcome = await blog.site().script("hand", [*words, "http/host-blog.conf"])
    assert outcome.text == "\n@ 0 link\n\n@ 1 end\n", "a look before may be old by now"
    for path in ("http/../../../secret", "files/x.key", "secret", "http/x/y.conf"):
        assert (await blog.site().script("hand", [*words, path])).status == 70


async def test_texts_that_can_not_be_shown_say_so(blog: World) -> None:
    (http(blog) / "a.conf").write_bytes(b"\xff\xfe server")
    (http(blog) / "b.conf").write_bytes(b"a\0b")
    (http(blog) / "c.conf").write_bytes(b"#" * (handwork.MOST_BYTES + 1))
    (http(blog) / "d.conf").write_bytes(b"")
    (http(blog) / "host-blog.conf").chmod(0o666)
    found = {name: (one["diff"], one["note"]) for name, one in (await told(blog)).items()}
    assert found == {
        "http/a.conf": (None, "not shown: it is no text in UTF-8"),
        "http/b.conf": (None, "not shown: it is no text"),
        "http/c.conf": (None, "not shown: it has 257 KiB, and up to 256 are"),
        "http/d.conf": (None, "it is empty"),
        "http/host-blog.conf": (
            None,
            "the text is as it was deployed; its rights are 666 instead of 644",
        ),
    }


async def test_the_answer_is_bounded(blog: World) -> None:
    for number in range(handwork.MOST_FILES + 2):
        (http(blog) / f"x{number:02}.conf").write_text(f"# {number:05}\n" * 20_000)
    found = list((await told(blog)).values())
    assert len(found) == handwork.MOST_FILES + 2, "all are named"
    diffs = [one["diff"] for one in found]
    assert sum(len(diff.encode()) for diff in diffs if diff) <= handwork.MOST_OUTPUT
    assert all(diff.endswith("\n") for diff in diffs if diff)
    cut = [one["note"] for one in found if one["diff"] and one["note"]]
    assert len(cut) == 1
    assert cut[0].startswith("cut: ")
    assert found[-3]["note"] == "cut: 0 of 20003 lines of the difference are shown"
    assert found[-1]["note"] == "the texts of 20 files are shown"


async def test_a_text_of_another_day_is_told(blog: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (http(blog) / "host-blog.conf").write_text("# by hand\n")
    real = handwork._deployed

    def other(*args: Any) -> Any:
        found = real(*args)
        file = found["http/host-blog.conf"]
        found[file.path] = type(file)(file.path, file.data + b"# new\n", file.mode, file.part)
        return found

    monkeypatch.setattr(handwork, "_deployed", other)
    one = (await told(blog))["http/host-blog.conf"]
    assert one["note"] == "compared with what would be deployed today; that was another text"
    assert "+# by hand\n" in one["diff"]
    monkeypatch.setattr(handwork, "_deployed", lambda *_: {})
    one = (await told(blog))["http/host-blog.conf"]
    assert one["diff"] is None
    assert "can not be told" in one["note"]


async def test_the_drop_in_of_a_shared_nginx(shared: World, backend: Backend) -> None:
    await shared.good("proxy.host/blog", **forward(backend, "blog.test"))
    drop_in, stream = (Path(shared.site().spec[name]) for name in ("drop_in", "stream_drop_in"))
    add(drop_in, "# by hand\n")
    add(stream, "# mine\n")
    found = await told(shared)
    assert found[str(drop_in)]["part"] == "proxy.server/web"
    assert found[str(drop_in)]["note"] is None
    assert found[str(drop_in)]["diff"].endswith("\n+# by hand\n")
    assert found[str(stream)]["how"] == "extra"
    assert found[str(stream)]["diff"].endswith("\n+# mine\n")


async def test_rights(blog: World) -> None:
    (http(blog) / "host-blog.conf").write_text("# by hand\n")
    auth = blog.hub.auth
    await auth.policies.put(
        "no-blog", [{"effect": "deny", "verbs": ["read"], "resource_key": ["blog"]}]
    )
    deny = {"effect": "deny", "resource_type": ["proxy.server"]}
    await auth.policies.put("hands-off", [{**deny, "verbs": ["apply"]}])
    await auth.policies.put("blind", [{**deny, "verbs": ["read"]}])
    user = await auth.users.create("Op", role=Role.OPERATOR)
    operator = Context(user_id=user.id)
    assert "by hand" in (await told(blog, operator))["http/host-blog.conf"]["diff"]
    await auth.users.update(user.id, policies=["no-blog"])
    one = (await told(blog, operator))["http/host-blog.conf"]
    assert (one["diff"], one["note"]) == (None, "not shown: you may not read its resource")
    for policy in ("hands-off", "blind"):
        await auth.users.update(user.id, policies=[policy])
        with pytest.raises(Unauthorized):
            await drift(blog, operator)
    viewer = await auth.users.create("Guest", role=Role.VIEWER)
    with pytest.raises(Unauthorized):
        await drift(blog, Context(user_id=viewer.id))


async def test_a_server_that_is_away(blog: World, sshd: Any) -> None:
    sshd.stop()
    with pytest.raises(HubError):
        await drift(blog)


@pytest.mark.parametrize("seed", range(20))
def test_patch_makes_the_new_text_of_a_difference(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    words = ["a", "b", "c", "", "\x0c", "server {", "}", "\\ x", "--- y"]
    old, new = (
        "\n".join(dice.choices(words, k=dice.randrange(1, 60))) + dice.choice(["", "\n"])
        for _ in range(2)
    )
    lines = difference("file", old, new)
    (tmp_path / "file").write_text(old, newline="")
    patch = "".join(f"{line}\n" for line in lines)
    subprocess.run(
        [require("patch", "apt-get install -y patch"), "-s", "-p0", "--binary"],
        input=patch.encode(),
        cwd=tmp_path,
        check=True,
    )
    assert (tmp_path / "file").read_bytes().decode() == new


def test_long_texts_are_not_compared_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(1)  # noqa: S311
    old, new = ("".join(f"{dice.randrange(100)}\n" for _ in range(40_000)) for _ in range(2))
    lines = difference("file", f"same\n{old}", f"same\n{new}")
    assert lines[3] == " same"
    assert sum(line[0] == "-" for line in lines[3:]) >= 40_000 - 5
    monkeypatch.setattr(unified, "MOST_LINES", 1)
    assert difference("f", "a\nb\nc\n", "a\nx\nc\n")[2:] == [
        "@@ -1,3 +1,3 @@", " a", "-b", "+x", " c",
    ]  # fmt: skip
    assert difference("f", "a\n", "a\n") == []
