"""What an nginx can do, from what it prints."""

import pytest

from integrations.proxy.deploying.features import read

OWN = """nginx version: nginx/1.26.2
built by gcc 12.2.0
built with OpenSSL 3.0.15 3 Sep 2024
TLS SNI support enabled
configure arguments: --prefix=/etc/nginx --modules-path=/usr/lib/nginx/modules --user=nginx \
--with-http_v2_module --with-http_v3_module --with-http_ssl_module --with-stream \
--with-stream_ssl_module --with-cc-opt='-g -O2 --with-nothing'
"""


def test_this_nginx() -> None:
    import subprocess

    done = subprocess.run(["/usr/sbin/nginx", "-V"], capture_output=True, text=True, check=True)
    found = read(done.stderr)
    assert found.has("http_ssl")
    assert found.has("http_auth_request")
    assert "stream" in found.dynamic
    assert not found.has("stream")
    assert f"nginx/{found.text}" in done.stderr
    loaded = read(done.stderr, "load_module modules/ngx_stream_module.so;\n")
    assert loaded.has("stream")


def test_one_that_is_built_in() -> None:
    found = read(OWN)
    assert found.version == (1, 26, 2)
    assert found.at_least((1, 25, 1))
    assert {"http_v3", "stream", "stream_ssl"} <= found.modules
    assert found.user == "nginx"
    assert found.modules_path == "/usr/lib/nginx/modules"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("load_module modules/ngx_stream_module.so;", "stream"),
        ('  load_module "/usr/lib/nginx/modules/ngx_http_geoip_module.so";', "http_geoip"),
        ("events {}\nload_module\t'/x/ngx_stream_geoip_module.so';", "stream_geoip"),
    ],
)
def test_loaded(text: str, name: str) -> None:
    assert read(OWN, text).loaded == {name}


@pytest.mark.parametrize("text", ["# load_module ngx_stream_module.so;", "x load_module y.so;", ""])
def test_not_loaded(text: str) -> None:
    assert read(OWN, text).loaded == frozenset()


def test_openresty() -> None:
    assert read("nginx version: openresty/1.25.3.1\n").version == (1, 25, 3)


@pytest.mark.parametrize("text", ["", "sh: nginx: not found", "Apache/2.4.57", "nginx version: x"])
def test_no_nginx(text: str) -> None:
    with pytest.raises(ValueError, match="expected the version of an nginx"):
        read(text)
