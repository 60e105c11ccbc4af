"""The scripts of a deploy alone: under dash and busybox, with nothing else, in awkward places."""

import os
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.runner import allow
from integrations.proxy.deploying import release as releases
from integrations.proxy.deploying.seen import Drift, Manifest, Seen, read
from integrations.proxy.models import File, Part
from tests.peers.ports import require, wait_for

MARK = "@hub:00112233"
OWNER = "0123456789abcdef 0a0b0c"
HUB = "0123456789abcdef"
NGINX = "nginx version: nginx/1.22.1\nconfigure arguments: --with-http_ssl_module\n"


@dataclass
class Shell:
    """A shell with the programs of one system, and a folder on it."""

    words: list[str]
    path: Path
    base: Path
    umask: int = 0o022

    def run(
        self, name: str, *arguments: object, stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        text = str(allow.script("proxy", name))
        umask = self.umask
        return subprocess.run(
            [*self.words, "-c", text, name, *map(str, arguments)],
            input=stdin, capture_output=True, check=False, timeout=60,
            env={"PATH": str(self.path)}, preexec_fn=lambda: os.umask(umask) and None,
        )  # fmt: skip

    def good(self, name: str, *arguments: object, stdin: bytes = b"") -> bytes:
        done = self.run(name, *arguments, stdin=stdin)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def stage(
        self, made: tuple[str, bytes], *, owner: str = OWNER, base_of: str = "-", need: int = 64
    ) -> subprocess.CompletedProcess[bytes]:
        name, data = made
        words = (self.base, name, owner, need, base_of, 900, "", "-")
        return self.run("stage", *words, stdin=data)

    def deploy(self, made: tuple[str, bytes], *, base_of: str = "-", keep: int = 2) -> None:
        done = self.stage(made, base_of=base_of)
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""
        self.good("swap", self.base, made[0], "", "", "/nowhere/error.log")
        self.good("finish", self.base, keep, OWNER, "-")

    def look(self, before: Seen | None = None) -> Seen:
        known = "-" if before is None or before.manifest is None else before.manifest.release
        words = [MARK, self.base, "nginx", 1, self.base / "nginx.conf", "", "", 1, known, ""]
        output = self.good("look", *words)
        return read(output, MARK, 1.0, before, lambda _text, _modules: None, [])


@pytest.fixture(params=["dash", "busybox"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    """A shell with no more programs than its system has, a curl and an nginx."""
    allow.script.cache_clear()
    path = tmp_path / "bin"
    path.mkdir()
    (path / "nginx").write_text(f"#!/bin/sh\nprintf '%s' '{NGINX}' >&2\n")
    (path / "nginx").chmod(0o755)
    if request.param == "busybox":
        busybox = require("busybox", "apt-get install -y busybox")
        names = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
        for name in names.stdout.split():
            (path / name).symlink_to(busybox)
        words = [busybox, "sh"]
    else:
        for folder in ("/usr/bin", "/bin"):
            for program in Path(folder).iterdir():
                if not (path / program.name).exists() and program.name != "curl":
                    (path / program.name).symlink_to(program)
        words = [require("dash", "apt-get install -y dash")]
    return Shell(words, path, tmp_path / "a folder" / "hub")


def release(
    number: int,
    before: Manifest | None = None,
    drift: Drift | None = None,
    *,
    htpasswd: bool = True,
    **texts: str,
) -> tuple[tuple[str, bytes], Manifest]:
    """Return id and archive of a release whose hosts have these texts."""
    files = {
        f"http/host-{name}.conf": File(f"http/host-{name}.conf", text.encode())
        for name, text in texts.items()
    }
    files["http/00-hub.conf"] = File("http/00-hub.conf", b"# @release@\nlisten 127.0.0.1:1;\n")
    files["files/a-1.key"] = File("files/a-1.key", b"secret", 0o600)
    if htpasswd:
        files["files/a-1.htpasswd"] = File("files/a-1.htpasswd", b"a:b\n", 0o640)
    parts = {"proxy.server/web": Part("proxy.server/web", 1, {"base": "/x"})}
    name, manifest, final = releases.make(
        files, parts, number=number, hub_id=HUB, previous=before and before.release, adopted={},
        instance="own", drop_ins={}, lying={},
    )  # fmt: skip
    made = releases.Release(name, manifest, final, b"events {}\n")
    return (name, releases.pack(made, before, drift)), manifest


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_life_of_releases(shell: Shell) -> None:
    one, first = release(1, a="1", b="1")
    shell.deploy(one)
    seen = shell.look()
    assert (seen.current, seen.lock) == (one[0], None)
    assert seen.manifest is not None
    assert (seen.manifest.sums, seen.manifest.parts) == (first.sums, first.parts)
    assert seen.drift == Drift()
    assert "nginx/1.22.1" in seen.version_text
    (shell.base / "current" / "http" / "zz extra.conf").write_text("# mine\n")
    (shell.base / "current" / "-rf").write_text("# mine\n")
    again = shell.look(seen)
    assert again.manifest is seen.manifest
    seen = again
    assert seen.drift == Drift(extra=("-rf", "http/zz extra.conf"))
    two, second = release(2, first, seen.drift, a="2", b="1")
    shell.deploy(two, base_of=one[0])
    assert (shell.base / "current" / "http" / "host-b.conf").read_text() == "1"
    assert (shell.base / "current" / "http" / "zz extra.conf").read_text() == "# mine\n"
    assert (shell.base / "current" / "-rf").exists()
    three, _third = release(3, second, None, htpasswd=False, a="2", b="3")
    shell.deploy(three, base_of=two[0])
    assert names(shell.base / "releases") == {two[0], three[0]}
    assert names(shell.base / "files") == {"a-1.key", "a-1.htpasswd"}
    four, _ = release(4, None, None, htpasswd=False, a="4")
    shell.deploy(four)
    assert names(shell.base / "files") == {"a-1.key"}
    shell.good("remove", shell.base)
    assert not shell.base.exists() or names(shell.base) == {"log"}


def test_a_large_manifest_is_read_back(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some 15,000 hosts; what could not be read back would lock the server for ever."""
    one, _ = release(1, a="1")
    shell.deploy(one)
    path = shell.base / "current" / "manifest.json"
    text = path.read_text()
    path.write_text(text[:-1] + " " * (releases.LARGEST_MANIFEST - len(text)) + "}")
    assert path.stat().st_size == releases.LARGEST_MANIFEST
    assert shell.look().manifest is not None
    monkeypatch.setattr(releases, "LARGEST_MANIFEST", len(text) - 1)
    with pytest.raises(releases.TooMuch, match="more servers"):
        release(1, a="1")


def test_what_an_open_umask_leaves(shell: Shell) -> None:
    shell.umask = 0
    one, _ = release(1, a="1")
    shell.deploy(one)
    for path in [shell.base, *shell.base.rglob("*")]:
        if not path.is_symlink():
            assert not path.stat().st_mode & (stat.S_IWOTH | stat.S_IWGRP), path
    assert stat.S_IMODE((shell.base / "files" / "a-1.key").stat().st_mode) == 0o600
    manifest = shell.base / "current" / "manifest.json"
    assert stat.S_IMODE(manifest.stat().st_mode) == 0o600


def test_passwords_are_for_the_workers_alone(shell: Shell) -> None:
    one, _ = release(1, a="1")
    words = (shell.base, one[0], OWNER, 64, "-", 900, "nobody", "-")
    shell.good("stage", *words, stdin=one[1])
    path = shell.base / "files" / "a-1.htpasswd"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.group() == "nogroup"


@pytest.mark.parametrize("script", ["stage", "lock"])
def test_a_lock_that_nobody_signed_is_not_kept_for_long(shell: Shell, script: str) -> None:
    """Its owner ended between the two steps that make a lock."""
    lock = shell.base / "lock"
    lock.mkdir(parents=True)
    one, _ = release(1, a="1")

    def take() -> int:
        if script == "stage":
            return shell.stage(one).returncode
        return shell.run("lock", shell.base, OWNER, 900).returncode

    assert take() == 73
    a_minute_ago = lock.stat().st_mtime - 61
    os.utime(lock, (a_minute_ago, a_minute_ago))
    assert take() == 0
    assert (lock / "owner").read_text() == f"{OWNER}\n"


def test_the_lock_of_another_hub(shell: Shell) -> None:
    (shell.base / "lock").mkdir(parents=True)
    (shell.base / "lock" / "owner").write_text("fedcba9876543210 1\n")
    one, _ = release(1, a="1")
    done = shell.stage(one)
    assert done.returncode == 73
    assert b"fedcba9876543210" in done.stderr
    assert not (shell.base / "releases" / one[0]).exists()


@pytest.mark.parametrize("name", ["tar", "sha256sum"])
def test_a_program_that_is_missing_is_named(shell: Shell, name: str) -> None:
    if shell.words[-1] == "sh":
        return  # busybox has its own, whatever the path says
    (shell.path / name).unlink()
    one, _ = release(1, a="1")
    done = shell.stage(one)
    assert done.returncode == 69
    assert name in done.stderr.decode()
    assert "install" in done.stderr.decode()
    assert not (shell.base / "lock").exists()
    assert not list(shell.base.glob("releases/*"))


def test_a_missing_curl_is_told(shell: Shell) -> None:
    assert shell.look().curl is False
    (shell.path / "curl").write_text("#!/bin/sh\n")
    (shell.path / "curl").chmod(0o755)
    assert shell.look().curl is True


def test_a_file_that_goes_in_the_middle_is_missed(shell: Shell) -> None:
    """What the release before has not got any more can not be taken over."""
    one, first = release(1, a="1", b="1")
    shell.deploy(one)
    (shell.base / "current" / "http" / "host-b.conf").unlink()
    two, _ = release(2, first, Drift(), a="2", b="1")
    done = shell.stage(two, base_of=one[0])
    assert done.returncode == 75
    assert b"http/host-b.conf" in done.stderr
    assert not (shell.base / "releases" / two[0]).exists()


def test_an_upload_that_is_cut_off(shell: Shell) -> None:
    one, _ = release(1, a="1")
    end = one[1].rindex(b".sums\0")
    for size in (0, 100, 512, 1024, 3000, end, end + 520):
        done = shell.stage((one[0], one[1][:size]))
        assert done.returncode in {74, 75}, (size, done.stderr)
        assert names(shell.base / "releases") == set()
        assert not (shell.base / "lock").exists()


@pytest.mark.parametrize("taken", [False, True])
def test_an_upload_that_is_ended(shell: Shell, taken: bool) -> None:
    """The time is over, or the connection is gone: sshd or the limit ends all of it.

    A lock that another hub took over meanwhile is that one's.
    """
    one, _ = release(1, a="1")
    words = (shell.base, one[0], OWNER, 64, "-", 900, "", "-")
    text = str(allow.script("proxy", "stage"))
    lock = shell.base / "lock"
    with subprocess.Popen(
        [*shell.words, "-c", text, "stage", *map(str, words)], stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={"PATH": str(shell.path)}, start_new_session=True,
    ) as process:  # fmt: skip
        wait_for((shell.base / "releases" / one[0]).exists, "the upload to begin")
        if taken:
            (lock / "owner").write_text("fedcba9876543210 1\n")
        os.killpg(process.pid, signal.SIGTERM)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 143
    assert names(shell.base / "releases") == set()
    assert lock.exists() is taken


def test_a_release_that_is_not_whole_never_becomes_current(shell: Shell) -> None:
    one, _ = release(1, a="1")
    shell.deploy(one)
    two, _ = release(2, a="2")
    assert shell.stage(two).returncode == 0
    (shell.base / "releases" / two[0] / ".complete").unlink()
    assert shell.run("swap", shell.base, two[0], "", "", "/nowhere").returncode == 70
    assert (shell.base / "current").readlink().name == one[0]


def test_an_end_that_is_not_ours_sweeps_nothing(shell: Shell) -> None:
    one, _ = release(1, a="1")
    shell.deploy(one)
    two, _ = release(2, a="2")
    assert shell.stage(two).returncode == 0
    shell.good("finish", shell.base, 2, "0123456789abcdef another", two[0])
    assert (shell.base / "lock").exists()
    assert (shell.base / "releases" / two[0]).exists()


def test_what_is_current_is_never_swept(shell: Shell) -> None:
    """After going back, releases that are newer are kept, and the old one that is served."""
    made = [release(number, a=str(number))[0] for number in (1, 2, 3)]
    for one in made:
        shell.deploy(one, keep=9)
    assert shell.stage(release(4, a="4")[0]).returncode == 0
    shell.good("swap", shell.base, made[0][0], "", "", "/nowhere")
    shell.good("finish", shell.base, 2, OWNER, made[0][0])
    left = names(shell.base / "releases")
    assert made[0][0] in left
    assert len(left) == 2


def test_an_upload_that_was_changed(shell: Shell) -> None:
    one, _ = release(1, a="some text")
    done = shell.stage((one[0], one[1].replace(b"some text", b"same text")))
    assert done.returncode == 75
    assert names(shell.base / "releases") == set()


def test_a_link_among_the_releases_is_not_followed(shell: Shell, tmp_path: Path) -> None:
    one, _ = release(1, a="1")
    shell.deploy(one)
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "kept").write_text("mine")
    two, _ = release(2, a="2")
    (shell.base / "releases" / two[0]).symlink_to(target)
    assert shell.stage(two).returncode == 76
    assert names(target) == {"kept"}
    assert (shell.base / "current").readlink().name == one[0]


def test_folders_that_are_no_releases_are_left_alone(shell: Shell) -> None:
    one, _ = release(1, a="1")
    shell.deploy(one)
    for name in (f"x {one[0]}", "r9 mine", "notes"):
        (shell.base / "releases" / name).mkdir()
        (shell.base / "releases" / name / "kept").write_text("mine")
    two, _ = release(2, a="2")
    shell.deploy(two)
    assert names(shell.base / "releases") == {
        one[0], two[0], f"x {one[0]}", "r9 mine", "notes"
    }  # fmt: skip
    assert shell.look().releases == (one[0], two[0])


def test_a_drop_in_that_lost_its_text_is_written_again(shell: Shell, tmp_path: Path) -> None:
    """A power cut may leave an empty file: nothing is lost with it."""
    one, _ = release(1, a="1")
    shell.deploy(one)
    text = "# Written by the hub; it is replaced at each deploy.\n"
    (shell.base / "releases" / one[0] / "drop_in.conf").write_text(text)
    drop_in = tmp_path / "conf.d" / "hub.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("")
    shell.good("swap", shell.base, one[0], drop_in, "", "/nowhere")
    assert drop_in.read_text() == text
    drop_in.write_text("# mine\n")
    assert shell.run("swap", shell.base, one[0], drop_in, "", "/nowhere").returncode == 70


def test_a_fifo_in_a_release_keeps_no_look_waiting(shell: Shell) -> None:
    one, _ = release(1, a="1")
    shell.deploy(one)
    os.mkfifo(shell.base / "current" / "http" / "pipe.conf")
    assert shell.look().drift == Drift(extra=("http/pipe.conf",))


def test_a_file_that_became_a_link_was_changed(shell: Shell, tmp_path: Path) -> None:
    one, _ = release(1, a="1")
    shell.deploy(one)
    live = shell.base / "current" / "http" / "host-a.conf"
    shutil.copy(live, tmp_path / "copy")
    live.unlink()
    live.symlink_to(tmp_path / "copy")
    assert shell.look().drift == Drift(modified=("http/host-a.conf",))


def test_proof_of_a_release(shell: Shell, tmp_path: Path) -> None:
    one, _ = release(1, a="1")
    shell.deploy(one)
    log = tmp_path / "error.log"
    log.write_bytes(b"old\n[emerg] no\n")
    curl = shell.path / "curl"
    curl.write_text(
        f"#!/bin/sh\nfor a; do last=$a; done\ncase $last in *:1/*) printf {one[0]};; esac\n"
    )
    curl.chmod(0o755)
    assert shell.run("prove", 8299, one[0], 0, log, 4, shell.base).returncode == 0, (
        "asked on the port that it was made for"
    )
    done = shell.run("prove", 8299, "r000009-00000000", 0, log, 4, shell.base)
    assert (done.returncode, done.stdout) == (1, b"served nothing\n[emerg] no\n")


def test_one_answer_proves_nothing(shell: Shell, tmp_path: Path) -> None:
    """Old workers go on answering for a moment: three answers in a row have to name it."""
    count = tmp_path / "count"
    count.write_text("")
    curl = shell.path / "curl"
    curl.write_text(
        f"#!/bin/sh\necho >>{count}\n"
        f"case $(wc -l <{count}) in 2|4) printf old ;; *) printf r000001-00000000 ;; esac\n"
    )
    curl.chmod(0o755)
    shell.good("prove", 1, "r000001-00000000", 5, "", "", shell.base)
    assert count.read_text().count("\n") == 7
