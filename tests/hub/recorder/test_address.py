from pathlib import Path

import pytest
import voluptuous as vol

from hub.errors import InvalidFormat
from hub.recorder.database.address import Address
from hub.schema.database_url import SHORT, database_url, parse

PASSWORD = "tops3cret/@:"
QUOTED = "tops3cret%2F%40%3A"


def test_no_address_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    address = Address.of(None, tmp_path)
    assert (address.dialect, address.path) == ("sqlite", tmp_path / "history.db")
    assert address.url.drivername == "sqlite+aiosqlite"


@pytest.mark.parametrize(
    ("url", "dialect", "driver"),
    [
        ("postgresql", "postgresql", "postgresql+asyncpg"),
        ("postgres", "postgresql", "postgresql+asyncpg"),
        ("postgresql+asyncpg", "postgresql", "postgresql+asyncpg"),
        ("mysql", "mysql", "mysql+aiomysql"),
        ("mariadb", "mysql", "mysql+aiomysql"),
    ],
)
def test_servers(url: str, dialect: str, driver: str, tmp_path: Path) -> None:
    address = Address.of(f"{url}://anna:{QUOTED}@db.example:1234/past", tmp_path)
    assert (address.dialect, address.path) == (dialect, None)
    made = address.url
    assert made.drivername == driver
    assert (made.username, made.password, made.host, made.port, made.database) == (
        "anna", PASSWORD, "db.example", 1234, "past",
    )  # fmt: skip
    assert str(address) == f"{dialect}://anna@db.example:1234/past"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///past.db", "{data}/past.db"),
        ("sqlite:////var/lib/past.db", "/var/lib/past.db"),
        ("sqlite+aiosqlite:///a%20b.db", "{data}/a b.db"),
    ],
)
def test_files(url: str, path: str, tmp_path: Path) -> None:
    assert str(Address.of(url, tmp_path).path) == path.format(data=tmp_path)


@pytest.mark.parametrize(
    "scheme", ["oracle", "mssql+pyodbc", "postgresql+psycopg2", "mysql+mysqldb", "http", "file"]
)
def test_other_schemes_are_refused_with_the_list(scheme: str) -> None:
    with pytest.raises(vol.Invalid) as caught:
        database_url(f"{scheme}://anna:{QUOTED}@db/past")
    assert all(f"{name}://" in caught.value.msg for name in SHORT)
    assert scheme in caught.value.msg
    assert "tops3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("past.db", "an address"),
        ("sqlite://", "sqlite:///name.db"),
        ("sqlite:///:memory:", "sqlite:///name.db"),
        ("sqlite:///past.db?cache=shared", "without options"),
        ("postgresql://db", "name of a database"),
        ("postgresql:///past", "host"),
        ("postgresql://anna:tops3cret@db:port/past", "malformed"),
        ("postgresql://anna:tops3cret#1@db/past", "%23"),
        ("postgresql://anna:tops3cret@db/past?sslmode=maybe", "verify-full"),
        ("postgresql://anna:tops3cret@db/past?charset=utf8mb4", "no option 'charset'"),
        ("mysql://anna:tops3cret@db/past?charset=latin1", "utf8mb4"),
        ("mysql://anna:tops3cret@db/past?ssl=perhaps", "true or false"),
    ],
)
def test_mistakes_are_named_without_the_password(url: str, words: str) -> None:
    with pytest.raises(vol.Invalid) as caught:
        database_url(url)
    assert words in caught.value.msg
    assert "tops3cret" not in str(caught.value)


def test_the_hubs_own_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFormat, match=r"hub\.db is the hub's own"):
        Address.of("sqlite:///x/../hub.db", tmp_path)


def test_password_is_in_no_text(tmp_path: Path) -> None:
    url = f"postgresql://anna:{QUOTED}@db:5432/past?sslmode=require"
    address = Address.of(url, tmp_path)
    assert address.parts.ssl == "require"
    for text in (str(address), repr(address), repr(parse(url)), repr(address.url)):
        assert "tops3cret" not in text
    said = f'role "anna" with {PASSWORD} or {QUOTED} is not known'
    assert "tops3cret" not in address.hide(said)
