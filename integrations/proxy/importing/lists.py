"""Access lists: who may come in, by address and by password."""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.keys import Keys
from integrations.proxy.importing.result import Report, Spec
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.sources import Source
from integrations.proxy.importing.tree import Directive

TYPE: Final = "proxy.access_list"
NOBODY: Final = "nobody"
_USER: Final = re.compile(r"[^:\s#][^:\n]*(?=:)")


class AccessLists:
    """The access lists of one import; the same rules give the same list."""

    def __init__(self, keys: Keys, report: Report, passwords: Mapping[str, str]) -> None:
        """Know the passwords of some users; what is not known can not be made from a hash."""
        self.documents: dict[str, Spec] = {}
        self._keys = keys
        self._report = report
        self._passwords = passwords
        self._known: dict[str, str] = {}

    def of(self, scope: Scope, source: Source, words: str) -> str | None:
        """Return the key of the list in force in a block; None when everybody may come in."""
        rules = scope.all("allow", "deny")
        basic = scope.last("auth_basic")
        closed = basic is not None and basic.arg() != "off"
        clients = _clients(rules)
        if not closed and not clients:
            return None
        spec: Spec = {"name": words, "satisfy_any": scope.word("satisfy") == "any"}
        # nginx passes the password on to what is behind it, unless it is told not to.
        spec["pass_auth"] = not any(
            item.arg(0).lower() == "authorization" and not item.arg(1)
            for item in scope.all("proxy_set_header")
        )
        place = rules[0].place if rules else ""
        if closed and basic is not None:
            place = basic.place
            users = self._users(scope, source, basic)
            spec["items"] = [{"username": name, "password": ""} for name in users]
        if clients:
            spec["clients"] = clients
        return self._kept(spec, words, place, scope.word("auth_basic_user_file"))

    def nobody(self) -> str:
        """Return the key of the list that lets nobody in (`deny all`)."""
        spec: Spec = {"name": "Nobody", "clients": [{"address": "all", "directive": "deny"}]}
        return self._kept(spec, NOBODY, "", "")

    def _kept(self, spec: Spec, words: str, place: str, file: str) -> str:
        same = json.dumps([{**spec, "name": file}], sort_keys=True)
        if same in self._known:
            return self._known[same]
        key = self._known[same] = self._keys.of(TYPE, words)
        for item in spec.get("items", ()):
            item["password"] = self._password(item["username"], place, f"{TYPE}/{key}")
        self.documents[f"{TYPE}/{key}"] = spec
        return key

    def _password(self, user: str, place: str, id: str) -> str:
        known = self._passwords.get(user)
        if known is not None:
            return known
        self._report.do(place, *unknown_password(user, id), id)
        return secrets.token_urlsafe(24)

    def _users(self, scope: Scope, source: Source, basic: Directive) -> list[str]:
        """Return the users of the file in force; raises nothing: what is closed stays closed."""
        file = scope.word("auth_basic_user_file")
        try:
            text = source.data(file).decode(errors="replace") if file else ""
        except OSError as error:
            self._report.do(
                basic.place,
                f"the users of {file} can not be read ({error.strerror or error})",
                "nobody can log in until you add them to the access list",
            )
            text = ""
        found = [match[0] for line in text.splitlines() if (match := _USER.match(line.strip()))]
        return list(dict.fromkeys(found)) or ["nobody"]


def unknown_password(user: str, id: str) -> tuple[str, str]:
    """Return what is wrong and what to do for a user whose password is not known."""
    return (
        f"the password of {user} is only known as a hash: a random one took its place",
        (
            f"set it with `hub put {id} --set items.username={user}.password=...`, "
            "or name a file of `user:password` lines with --passwords"
        ),
    )


def _clients(rules: Iterable[Directive]) -> list[Spec]:
    """Return rules so that what no rule names is treated as nginx does: it may come in."""
    found = [
        {"address": fits.network(item.arg()) or item.arg(), "directive": item.name}
        for item in rules
    ]
    if found and found[-1]["address"] != "all":
        found.append({"address": "all", "directive": "allow"})
    open_to_all = [{"address": "all", "directive": "allow"}]
    return [] if found == open_to_all else found
