"""Access lists and certificates of Nginx Proxy Manager."""

import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.certificates import (
    Certificates,
    Mode,
    acme,
    chain,
    custom,
    flaw,
)
from integrations.proxy.importing.keys import Keys, fitted
from integrations.proxy.importing.lists import TYPE as ACCESS_LIST
from integrations.proxy.importing.lists import unknown_password
from integrations.proxy.importing.npm_source import Npm, Row
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Report, Spec

KEY_TYPES: Final = {"rsa": "rsa-2048", "ecdsa": "ecdsa-p256"}
"""certbot's `--key-type`, which NPM passes on."""
LARGEST: Final = 1 << 20
_CREDENTIAL: Final = re.compile(r"^\s*dns_rfc2136_(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)


class AccessListsOfNpm:
    """Makes the access lists, and knows them by NPM's numbers."""

    def __init__(self, npm: Npm, keys: Keys, report: Report, options: Options) -> None:
        """Make all lists of `npm`."""
        self.documents: dict[str, Spec] = {}
        self._keys = keys
        self._report = report
        self._passwords = options.passwords
        self._by_number: dict[int, str | None] = {}
        for row in npm.rows("access_list"):
            self._by_number[row["id"]] = self._make(row)

    def of(self, number: Any, place: str, about: str) -> tuple[str | None, bool]:
        """Return the key for NPM's number, and whether all is well.

        A number without a list is not: then the host would be open.
        """
        if not number:
            return None, True
        if number in self._by_number:
            return self._by_number[number], True
        words = f"its access list {number} is not in the export"
        todo = "choose an access list, then set enabled"
        self._report.do(place, f"off, because {words}", todo, about)
        return None, False

    def _make(self, row: Row) -> str | None:
        place = f"access_list {row['id']}"
        name = str(row.get("name") or place)
        users = [item for item in row.get("items") or () if item.get("username")]
        clients = [item for item in row.get("clients") or () if item.get("address")]
        if not users and not clients:
            self._report.note(place, f"{name} is empty: with NPM such a list lets everybody in")
            return None
        key = self._keys.of(ACCESS_LIST, fitted(name), str(row["id"]))
        about = f"{ACCESS_LIST}/{key}"
        spec: Spec = {
            "name": name,
            "satisfy_any": bool(row.get("satisfy_any")),
            "pass_auth": bool(row.get("pass_auth", 1)),
        }
        if users:
            spec["items"] = self._users(users, place, about)
        if clients:
            spec["clients"] = self._clients(clients, place, about)
        self.documents[about] = spec
        return key

    def _users(self, rows: Sequence[Row], place: str, about: str) -> list[Spec]:
        found: dict[str, str] = {}
        for row in rows:
            name = row["username"].strip()
            if name in found:
                self._report.left_out(place, f"{name} is there twice: the first counts", "", about)
                continue
            password = row.get("password") or self._passwords.get(name)
            if not password:
                self._report.do(place, *unknown_password(name, about), about)
                password = secrets.token_urlsafe(24)
            found[name] = password
        return [{"username": name, "password": password} for name, password in found.items()]

    def _clients(self, rows: Sequence[Row], place: str, about: str) -> list[Spec]:
        found: dict[str, str] = {}
        for row in rows:
            address = fits.network(row["address"].strip()) or row["address"]
            if address in found:
                words = f"{row.get('directive')} {address}: an earlier rule for it counts"
                self._report.note(place, words, about)
                continue
            found[address] = str(row.get("directive") or "allow")
        return [{"address": address, "directive": rule} for address, rule in found.items()]


class CertificatesOfNpm:
    """Makes the certificates, and knows them by NPM's numbers."""

    def __init__(
        self, npm: Npm, certificates: Certificates, report: Report, options: Options
    ) -> None:
        """Make all certificates of `npm`."""
        self._npm = npm
        self._certificates = certificates
        self._report = report
        self._options = options
        self._by_number: dict[int, str | None] = {}
        for row in npm.rows("certificate"):
            self._by_number[row["id"]] = self._make(row)

    def of(self, number: Any, place: str, about: str) -> str | None:
        """Return the key for NPM's number; None (and a finding) when there is no certificate."""
        if not number:
            return None
        if self._by_number.get(number) is None:
            words = f"its certificate {number} is not taken over"
            self._report.do(place, words, "fill certificate_id, then ssl_forced", about)
        return self._by_number.get(number)

    def _make(self, row: Row) -> str | None:
        place = f"certificate {row['id']}"
        meta: Mapping[str, Any] = row["meta"] if isinstance(row.get("meta"), dict) else {}
        names = [
            known
            for name in row.get("domain_names") or ()
            if isinstance(name, str) and (known := fits.domain(name)) is not None
        ]
        issued = row.get("provider") == "letsencrypt" or self._options.certificates is Mode.ACME
        if not issued or self._options.certificates is Mode.READ:
            return self._taken(row, meta, place)
        if not names:
            self._report.left_out(place, "it is for no domain name", "make a proxy.certificate")
            return None
        email = self._options.email or meta.get("letsencrypt_email") or self._owner(row)
        spec = acme(names, email, self._options.directory)
        if meta.get("key_type") in KEY_TYPES:
            spec["acme"]["key_type"] = KEY_TYPES[meta["key_type"]]
        if meta.get("dns_challenge") and not self._by_dns(spec, names, meta, place):
            return None
        self._report.note(place, f"issued anew by ACME for {', '.join(names)}")
        return self._certificates.add(spec, again=str(row["id"]))

    def _owner(self, row: Row) -> str:
        """Return the address that newer versions use: the owner's."""
        users = {user.get("id"): user for user in self._npm.rows("user")}
        owner = row.get("owner") or users.get(row.get("owner_user_id")) or {}
        return str(owner.get("email") or "")

    def _by_dns(
        self, spec: Spec, names: Sequence[str], meta: Mapping[str, Any], place: str
    ) -> bool:
        """Prove by DNS as NPM did; False when that can not be."""
        provider = str(meta.get("dns_provider") or "")
        dns = rfc2136(str(meta.get("dns_provider_credentials") or ""))
        if provider == "rfc2136" and dns is not None:
            if isinstance(meta.get("propagation_seconds"), int):
                dns["propagation"] = max(1, meta["propagation_seconds"])
            spec["acme"] |= {"challenge": "dns-01", "dns": dns}
            return True
        words = f"{', '.join(names)} was proven by DNS at {provider or 'an unnamed provider'}"
        if provider == "rfc2136":
            words += ", whose credentials are not in what was given"
        if any(name.startswith("*.") for name in names):
            todo = (
                "make a proxy.certificate with challenge dns-01 and the provider hook, "
                "or take the files over with --certificates read"
            )
            self._report.left_out(place, words, todo)
            return False
        todo = "now by HTTP on port 80; for DNS set challenge dns-01 and the provider hook"
        self._report.do(place, words, todo)
        return True

    def _taken(self, row: Row, meta: Mapping[str, Any], place: str) -> str | None:
        """Take chain and key over: from the row, else from NPM's folders."""
        todo = "copy the files from NPM's data/custom_ssl, or make a proxy.certificate by hand"
        text, key = str(meta.get("certificate") or ""), str(meta.get("certificate_key") or "")
        if text and meta.get("intermediate_certificate"):
            text += "\n" + str(meta["intermediate_certificate"])
        if not text or not key:
            text, key = self._files(row)
        if not text or not key:
            self._report.left_out(place, "neither its chain nor its key was given", todo)
            return None
        found = chain(text)
        if (wrong := flaw(found, key)) or found is None:
            self._report.left_out(place, wrong, todo)
            return None
        if row.get("provider") == "letsencrypt":
            words = f"taken over as it is, ends on {found.ends}"
            self._report.do(place, words, "let the hub issue it: set provider acme")
        name = str(row.get("nice_name") or "")
        return self._certificates.add(custom(found, key, name[:100]), again=str(row["id"]))

    def _files(self, row: Row) -> tuple[str, str]:
        folders = (
            None if self._npm.data is None else self._npm.data / "custom_ssl",
            None if self._npm.letsencrypt is None else self._npm.letsencrypt / "live",
        )
        for folder in folders:
            place = None if folder is None else folder / f"npm-{row['id']}"
            if place is not None and (text := _text(place / "fullchain.pem")):
                return text, _text(place / "privkey.pem")
        return "", ""


def rfc2136(credentials: str) -> Spec | None:
    """Return the field `dns` of certbot's credentials for RFC 2136; None when it is incomplete."""
    found = {match[1]: match[2] for match in _CREDENTIAL.finditer(credentials)}
    if not all(found.get(name) for name in ("server", "name", "secret")):
        return None
    dns: Spec = {
        "provider": "rfc2136",
        "server": found["server"],
        "key_name": found["name"].rstrip("."),
        "key_secret": found["secret"],
        "algorithm": found.get("algorithm", "hmac-sha256").lower(),
    }
    if found.get("port", "53").isdecimal():
        dns["port"] = int(found.get("port", "53"))
    return dns


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(LARGEST)
    except OSError:
        return ""
