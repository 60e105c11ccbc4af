"""nginx's own complaints, brought back to part and field; every text is nginx's, made here."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest

from integrations.proxy.deploying.diagnose import diagnose
from integrations.proxy.models import File, Flaw, Part, Rendered
from tests.peers.rendered import Bench, certificate, host, make_pair, part


def complaint(bench: Bench, *parts: Part, spoil: Callable[[str], str] | None = None) -> list[Flaw]:
    """Render parts, let nginx test them, and return what it says against them."""
    rendered = bench.render(*parts)
    assert not rendered.flaws
    if spoil is not None:
        files = [
            replace(file, data=spoil(file.data.decode()).encode())
            if file.path.startswith("http/host")
            else file
            for file in rendered.files
        ]
        rendered = Rendered(files, (), rendered.notes)
    bench.put(rendered)
    done = bench.test()
    assert done.stderr
    return diagnose(done.stderr, rendered.files, str(bench.base), "r1")


def places(flaws: list[Flaw]) -> list[tuple[str, str]]:
    return [(flaw.part, flaw.field) for flaw in flaws]


def test_a_directive_that_there_is_not(bench: Bench) -> None:
    flaws = complaint(bench, host(advanced_config="gzip on;\nno_such_thing 1;"), host("other"))
    assert places(flaws) == [("proxy.host/blog", "advanced_config")]
    assert flaws[0].message == 'unknown directive "no_such_thing"'


@pytest.mark.parametrize(
    "snippet",
    [
        "gzip maybe;",
        "expires;",
        "proxy_cookie_path a b c d e;",
        "gzip on; gzip off;",
    ],
)
def test_directives_that_are_wrong(bench: Bench, snippet: str) -> None:
    assert places(complaint(bench, host(advanced_config=snippet)))[0] == (
        "proxy.host/blog",
        "advanced_config",
    )


def test_in_a_location(bench: Bench) -> None:
    locations = [{"path": "/a"}, {"path": "/b", "advanced_config": "expires never ever again;"}]
    flaws = complaint(bench, host(locations=locations))
    assert places(flaws) == [("proxy.host/blog", "locations.1.advanced_config")]


def test_a_variable_that_there_is_not(bench: Bench) -> None:
    """nginx finds those when all is read, and names no file."""
    locations = [{"path": "/b", "advanced_config": "add_header X-A $no_such;"}]
    flaws = complaint(bench, host(locations=locations), host("other"))
    assert places(flaws) == [("proxy.host/blog", "locations.0.advanced_config")]
    assert flaws[0].message == 'unknown "no_such" variable'


def test_a_line_of_the_template(bench: Bench) -> None:
    flaws = complaint(
        bench,
        host(max_body_size="1m"),
        spoil=lambda text: text.replace("client_max_body_size 1m", "client_max_body_size 1x"),
    )
    assert places(flaws) == [("proxy.host/blog", "max_body_size")]


def test_a_certificate_that_is_missing_or_broken(bench: Bench) -> None:
    blog = host(certificate_id="web")
    flaws = complaint(bench, certificate("web", "blog.test"), blog, host("other"))
    assert places(flaws) == [("proxy.host/blog", "certificate_id")]
    assert "cannot load certificate" in flaws[0].message
    pair = make_pair(bench.base, "blog.test")
    bench.pairs["web"] = replace(pair, key=make_pair(bench.base, "blog.test").key)
    flaws = complaint(bench, certificate("web", "blog.test"), blog)
    assert places(flaws) == [("proxy.host/blog", "certificate_id")]
    assert "mismatch" in flaws[0].message


def test_authorities_that_are_missing(bench: Bench) -> None:
    bench.server = replace(bench.server, spec={**bench.server.spec, "ca_bundle": "/none.pem"})
    spec = {"forward_scheme": "https", "forward_host": "app.test", "verify_tls": True}
    flaws = complaint(bench, host(**spec))
    assert places(flaws) == [("proxy.host/blog", "verify_tls")]
    assert "ca_bundle" in flaws[0].message


def test_names_that_somebody_else_serves(bench: Bench) -> None:
    foreign = bench.base / "foreign.conf"
    foreign.write_text(
        f"server {{ listen 127.0.0.1:{bench.http}; server_name a.test b.blog.test; return 204; }}"
    )
    rendered = bench.render(host(domain_names=["c.test", "b.blog.test"]), host("other"))
    bench.put(rendered)
    main = bench.base / "nginx.conf"
    text = main.read_text().replace("    include", f"    include {foreign};\n    include")
    main.write_text(text)
    done = bench.test()
    assert done.returncode == 0
    flaws = diagnose(done.stderr, rendered.files, str(bench.base), "r1")
    assert places(flaws) == [("proxy.host/blog", "domain_names")]
    assert flaws[0].message.startswith("b.blog.test is already served on 127.0.0.1:")


def test_a_default_site_of_somebody_else(bench: Bench) -> None:
    rendered = bench.render(host())
    bench.put(rendered)
    foreign = bench.base / "current" / "http" / "zz.conf"
    foreign.write_text(f"server {{ listen 127.0.0.1:{bench.http} default_server; }}")
    done = bench.test()
    flaws = diagnose(done.stderr, rendered.files, str(bench.base), "r1")
    assert places(flaws) == [("proxy.server/web", "default_site")]
    assert "choose none" in flaws[0].message


def test_a_file_of_somebody_else(bench: Bench) -> None:
    rendered = bench.render(host())
    bench.put(rendered)
    foreign = bench.base / "foreign.conf"
    foreign.write_text("\nbroken_thing;\n")
    main = bench.base / "nginx.conf"
    main.write_text(main.read_text().replace("    include", f"    include {foreign};\n    include"))
    flaws = diagnose(bench.test().stderr, rendered.files, str(bench.base), "r1")
    assert places(flaws) == [("proxy.server/web", "main_config")]
    assert f"{foreign}:2" in flaws[0].message


def test_the_main_file_of_ones_own(bench: Bench) -> None:
    rendered = bench.render(host())
    bench.put(rendered)
    main = bench.base / "nginx.conf"
    main.write_text(main.read_text().replace("connections 4096", "connections many"))
    flaws = diagnose(bench.test().stderr, rendered.files, str(bench.base), "r1")
    assert places(flaws) == [("proxy.server/web", "worker_connections")]


def test_an_address_that_is_not_here(bench: Bench) -> None:
    bench.server = replace(bench.server, spec={**bench.server.spec, "addresses": ["192.0.2.77"]})
    flaws = complaint(bench, host())
    assert places(flaws)[0] == ("proxy.server/web", "addresses")
    assert "does not have that address" in flaws[0].message


def test_a_module_that_is_not_installed(bench: Bench) -> None:
    spec = {"incoming_port": 9, "forwarding_host": "127.0.0.1", "forwarding_port": 10}
    bench.features = replace(bench.features, modules_path="/nowhere")
    flaws = complaint(bench, part("proxy.stream/db", **spec), host())
    assert places(flaws) == [("proxy.stream/db", "servers")]
    assert "libnginx-mod-stream" in flaws[0].message


def test_a_module_of_somebody_else(bench: Bench) -> None:
    rendered = bench.render(host())
    bench.put(rendered)
    foreign = bench.base / "foreign.conf"
    foreign.write_text("load_module /none/ngx_mail_module.so;\n")
    main = bench.base / "nginx.conf"
    main.write_text(f"include {foreign};\n{main.read_text()}")
    flaws = diagnose(bench.test().stderr, rendered.files, str(bench.base), "r1")
    assert places(flaws) == [("proxy.server/web", "main_config")]


def test_a_long_name_in_an_nginx_that_has_small_buckets(bench: Bench) -> None:
    name = "a" * 60 + ".test"
    flaws = complaint_without_hashes(bench, host(domain_names=[name]))
    assert places(flaws) == [("proxy.server/web", "main_config")]
    assert "512" in flaws[0].message


def complaint_without_hashes(bench: Bench, *parts: Part) -> list[Flaw]:
    rendered = bench.render(*parts)
    bench.put(rendered)
    main = bench.base / "nginx.conf"
    assert "server_names_hash_bucket_size 512;" in main.read_text()
    main.write_text(main.read_text().replace("server_names_hash_bucket_size 512;", ""))
    return diagnose(bench.test().stderr, rendered.files, str(bench.base), "r1")


def test_a_folder_that_can_not_be_written(bench: Bench) -> None:
    """As nginx says it to a user who is not root."""
    bench.put(bench.render(host(caching_enabled=True)))
    nobody = 65534
    command = [bench.program, "-t", "-q", "-p", str(bench.base)]
    done = subprocess.run(
        [*command, "-c", str(bench.base / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
        user=nobody,
        group=nobody,
    )
    assert os.geteuid() == 0
    flaws = diagnose(done.stderr, bench.render(host()).files, str(bench.base), "r1")
    assert done.returncode == 1
    assert flaws
    assert all("Permission denied" in flaw.message for flaw in flaws)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "nginx: configuration file /x test failed",
        'nginx: [alert] could not open error log file: open() "/x" failed (13: Permission denied)',
        'nginx: [warn] the "user" directive makes sense only with root in /x:1',
    ],
)
def test_nothing_against_it(said: str) -> None:
    assert diagnose(said, [], "/base", "r1") == []


def test_what_nobody_has_thought_of() -> None:
    files = [File("http/00-hub.conf", b"", part="proxy.server/web")]
    said = "nginx: [emerg] the moon is in the wrong house\n" * 2
    assert diagnose(said, files, "/base", "r1") == [
        Flaw("proxy.server/web", "", "the moon is in the wrong house")
    ]
    assert diagnose(said, [], "/base", "r1")[0].part == "proxy.server"


def test_another_release_is_not_ours() -> None:
    file = File("http/host-a.conf", b"x;\n", part="proxy.host/a", fields=("name",))
    said = "nginx: [emerg] oh in /base/releases/{}/http/host-a.conf:1"
    known = diagnose(said.format("r1"), [file], "/base", "r1")
    assert known == [Flaw("proxy.host/a", "name", "oh")]
    other = diagnose(said.format("r9"), [file], "/base", "r1")
    assert other[0].field == "main_config"
