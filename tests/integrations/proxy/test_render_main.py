"""The main configuration that tests a release before it is in force, with a real nginx."""

import glob
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from integrations.proxy.models import Part, Rendered, Spec
from integrations.proxy.render import main
from integrations.proxy.render.context import FlawError
from integrations.proxy.syntax import parse, walk
from tests.peers.rendered import Bench, host, part

MAIN = """\
# as Debian has it
user root;
worker_processes auto;
pid run/nginx.pid;
error_log log/error.log;
include modules-enabled/*.conf;

events {
    worker_connections 768;
}

http {
    include mime.types;
    access_log log/access.log;
    client_body_temp_path tmp/a; proxy_temp_path tmp/b; fastcgi_temp_path tmp/c;
    uwsgi_temp_path tmp/d; scgi_temp_path tmp/e;
    # include conf.d/none.conf;
    include FOLDER/conf.d/*.conf;
    include FOLDER/sites-enabled/*;
}
"""
STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"


def _files(pattern: str) -> list[str]:
    return glob.glob(pattern)  # noqa: PTH207 - as nginx does, with absolute patterns


class Shared:
    """An nginx as a distribution sets it up, below a folder."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.folder = bench.base.parent / "etc"
        for name in ("conf.d", "sites-enabled", "modules-enabled", "run", "log", "tmp"):
            (self.folder / name).mkdir(parents=True)
        self.main = self.folder / "nginx.conf"
        self.write(MAIN)
        (self.folder / "mime.types").write_text("types { text/html html; }\n")
        (self.folder / "sites-enabled" / "site").write_text(
            f"server {{ listen 127.0.0.1:{bench.http}; server_name foreign.test; return 204; }}\n"
        )
        (self.folder / "modules-enabled" / "50-mod-stream.conf").write_text(
            f"load_module {STREAM};\n"
        )
        spec = {
            **bench.server.spec,
            "instance": "shared",
            "main_config": str(self.main),
            "drop_in": str(self.folder / "conf.d" / "hub.conf"),
            "stream_drop_in": str(self.folder / "modules-enabled" / "99-hub-stream.conf"),
        }
        bench.server = Part(bench.server.id, 1, spec)
        bench.features = replace(bench.features, loaded=frozenset({"stream"}))

    @property
    def spec(self) -> Spec:
        return self.bench.server.spec

    def write(self, text: str) -> None:
        self.main.write_text(text.replace("FOLDER", str(self.folder)))

    def candidate(self, rendered: Rendered) -> str:
        """Lay a release out that is not in force, and return the candidate for it."""
        self.bench.put(rendered)
        release = self.bench.base / "releases" / "r2"
        shutil.rmtree(release, ignore_errors=True)
        (self.bench.base / "releases" / "r1").rename(release)
        (self.bench.base / "current").unlink()
        stream = any(file.path.startswith("stream/") for file in rendered.files)
        text = self.main.read_text()
        return main.candidate(text, _files, self.spec, "r2", stream=stream)

    def test(self, text: str) -> subprocess.CompletedProcess[str]:
        path = self.bench.base / "candidate.conf"
        path.write_text(text)
        return subprocess.run(
            ["/usr/sbin/nginx", "-t", "-q", "-p", str(self.folder), "-c", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )

    def files(self) -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}


@pytest.fixture
def shared(bench: Bench) -> Shared:
    return Shared(bench)


def stream() -> Part:
    spec = {"incoming_port": 9, "forwarding_host": "127.0.0.1", "forwarding_port": 10}
    return part("proxy.stream/db", **spec)


def test_a_first_release_is_tested_before_anything_is_touched(shared: Shared) -> None:
    before = shared.files()
    text = shared.candidate(shared.bench.render(host(), stream()))
    done = shared.test(text)
    assert (done.returncode, done.stderr) == (0, "")
    after = {name: data for name, data in shared.files().items() if "/log/" not in name}
    assert after == {name: data for name, data in before.items() if "/log/" not in name}
    assert not (shared.folder / "run" / "nginx.pid").exists()
    assert not (shared.folder / "log" / "error.log").exists()


def test_the_release_is_really_in_it(shared: Shared) -> None:
    rendered = shared.bench.render(host(advanced_config="no_such_directive;"))
    done = shared.test(shared.candidate(rendered))
    assert done.returncode == 1
    assert "no_such_directive" in done.stderr
    assert "/releases/r2/http/host-blog.conf:" in done.stderr


def test_streams_are_really_in_it(shared: Shared) -> None:
    text = shared.candidate(shared.bench.render(stream()))
    path = shared.bench.base / "releases" / "r2" / "stream" / "stream-db.conf"
    path.write_text("broken")
    done = shared.test(text)
    assert done.returncode == 1
    assert str(path) in done.stderr


def test_without_streams_no_stream_block(shared: Shared) -> None:
    text = shared.candidate(shared.bench.render(host()))
    assert "stream {" not in text


def test_foreign_names_are_seen(shared: Shared) -> None:
    text = shared.candidate(shared.bench.render(host(domain_names=["foreign.test"])))
    done = shared.test(text)
    assert done.returncode == 0
    assert 'conflicting server name "foreign.test"' in done.stderr


def test_the_release_in_force_is_left_out(shared: Shared) -> None:
    """A second release is tested in place of the first, not beside it."""
    base = str(shared.bench.base)
    (shared.folder / "conf.d" / "hub.conf").write_text(main.drop_in(base))
    (shared.folder / "conf.d" / "other.conf").write_text("map $uri $other { default 1; }\n")
    (shared.folder / "modules-enabled" / "99-hub-stream.conf").write_text(main.stream_drop_in(base))
    text = shared.candidate(shared.bench.render(host(), stream()))
    assert "/current/" not in text
    assert "hub.conf" not in text
    assert f"include {shared.folder}/conf.d/other.conf;" in text
    done = shared.test(text)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_streams_the_old_drop_in_is_left_out(shared: Shared) -> None:
    base = str(shared.bench.base)
    (shared.folder / "modules-enabled" / "99-hub-stream.conf").write_text(main.stream_drop_in(base))
    text = shared.candidate(shared.bench.render(host()))
    assert "99-hub-stream" not in text
    assert shared.test(text).returncode == 0


def test_drop_ins_do_what_the_candidate_did(shared: Shared) -> None:
    shared.bench.put(shared.bench.render(host(), stream()))
    base = str(shared.bench.base)
    Path(shared.spec["drop_in"]).write_text(main.drop_in(base))
    Path(shared.spec["stream_drop_in"]).write_text(main.stream_drop_in(base))
    command = ["/usr/sbin/nginx", "-T", "-p", str(shared.folder), "-c", str(shared.main)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("http/00-hub.conf", "http/host-blog.conf", "stream/stream-db.conf"):
        assert f"# configuration file {base}/current/{name}:" in done.stdout


def test_relative_includes_mean_the_same_files(shared: Shared) -> None:
    text = shared.candidate(shared.bench.render(host()))
    includes = [one.words[1] for one in walk(parse(text)) if one.name == "include"]
    assert all(path.startswith("/") for path in includes)
    assert f"{shared.folder}/mime.types" in includes


def test_a_drop_in_that_nothing_takes_in(shared: Shared) -> None:
    shared.write(re.sub(r"(?m)^ +include FOLDER/conf.d.*\n", "", MAIN))
    with pytest.raises(FlawError) as error:
        shared.candidate(shared.bench.render(host()))
    assert error.value.field == "drop_in"
    assert "conf.d/*.conf" in error.value.message
    shared.write(MAIN.replace("include modules-enabled/*.conf;", f"load_module {STREAM};"))
    assert shared.candidate(shared.bench.render(host()))
    with pytest.raises(FlawError) as error:
        shared.candidate(shared.bench.render(stream()))
    assert error.value.field == "stream_drop_in"


def test_a_drop_in_in_the_wrong_block(shared: Shared) -> None:
    text = MAIN.replace("    include FOLDER/conf.d/*.conf;\n", "")
    shared.write(f"{text}\ninclude FOLDER/conf.d/*.conf;\n")
    with pytest.raises(FlawError) as error:
        shared.candidate(shared.bench.render(host()))
    assert error.value.field == "drop_in"


def test_a_stream_block_of_somebody_else(shared: Shared) -> None:
    text = MAIN.replace("include modules-enabled/*.conf;", f"load_module {STREAM};")
    shared.write(f"{text}\nstream {{ }}\n")
    with pytest.raises(FlawError) as error:
        shared.candidate(shared.bench.render(stream()))
    wanted = f"include {shared.bench.base}/current/stream/*.conf;"
    assert wanted in error.value.message
    shared.write(f"{text}\nstream {{ {wanted} }}\n")
    candidate = shared.candidate(shared.bench.render(stream()))
    assert f"include {shared.bench.base}/releases/r2/stream/*.conf;" in candidate
    done = shared.test(candidate)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_main_file_that_nobody_can_read(shared: Shared) -> None:
    shared.write("http {")
    with pytest.raises(FlawError) as error:
        shared.candidate(shared.bench.render(host()))
    assert error.value.field == "main_config"
    assert "line 1" in error.value.message


def test_words_that_look_like_directives_are_left_alone(shared: Shared) -> None:
    odd = "    add_header X 'pid /x; error_log /y; include z;';\n    # pid 1;\n    include mime"
    shared.write(MAIN.replace("    include mime", odd))
    text = shared.candidate(shared.bench.render(host()))
    assert "'pid /x; error_log /y; include z;'" in text
    assert shared.test(text).returncode == 0


def test_an_instance_of_its_own(bench: Bench) -> None:
    rendered = bench.render(host(), stream())
    bench.put(rendered)
    text = main.own_candidate(bench.text(rendered, "nginx.conf"), str(bench.base), "r7")
    assert "/current/" not in text
    assert f"include {bench.base}/releases/r7/http/*.conf;" in text
    assert f"include {bench.base}/releases/r7/stream/*.conf;" in text
    path = bench.base / "candidate.conf"
    path.write_text(text.replace("/r7/", "/r1/"))
    assert bench.test(path).returncode == 0
    assert not (bench.base / "run" / "nginx.pid").exists()
    assert not (bench.base / "log" / "error.log").exists()
    assert text.count("\n") == bench.text(rendered, "nginx.conf").count("\n")


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("/a/hub.conf", "/a/*.conf", True),
        ("/a/hub.conf", "/a/*", True),
        ("/a/hub.conf", "/a/hub.conf", True),
        ("/a/b/hub.conf", "/a/*.conf", False),
        ("/a/hub.conf", "/a/*.inc", False),
        ("/a/.hub.conf", "/a/*.conf", False),
        ("/a/hub.conf", "/a/[a-h]*.conf", True),
        ("/a/HUB.conf", "/a/h*.conf", False),
    ],
)
def test_patterns(path: str, pattern: str, *, fits: bool) -> None:
    assert main.matches(path, pattern) is fits
