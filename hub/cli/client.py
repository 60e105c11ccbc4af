"""The hub's REST API for commands: finds the hub, shows who asks, and tells errors in words."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from hub.cli.errors import FAILED, USAGE, CliError
from hub.cli.find import Way, find, save_login
from hub.cli.wire import Answer, Wire, WireError, quote

SECONDS: Final = 60.0
"""How long the hub may be silent before a command gives up."""

EARLY: Final = 60.0
"""An access token is renewed so many seconds before its end."""

Query = Mapping[str, Any]


class Client:
    """One hub, looked for when it is first asked."""

    def __init__(self, data: Path | None = None, way: Way | None = None) -> None:
        """Ask the hub of `data`, or the one that the environment or the login names."""
        self._data = data
        self._way = way
        self._wire: Wire | None = None

    @property
    def way(self) -> Way:
        """Return how the hub is reached."""
        if self._way is None:
            self._way = find(self._data)
        return self._way

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON answer of a GET; `None` values of the query are left out."""
        return self.request("GET", path, query=query).json()

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """Send JSON with a POST and return the JSON answer."""
        return self.request("POST", path, body, query=query).json()

    def put(self, path: str, body: Any = None, **query: Any) -> Any:
        """Send JSON with a PUT and return the JSON answer."""
        return self.request("PUT", path, body, query=query).json()

    def delete(self, path: str, **query: Any) -> Any:
        """Send a DELETE and return the JSON answer."""
        return self.request("DELETE", path, query=query).json()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """Send a request; `body` is bytes, or a value that is sent as JSON.

        Raises `CliError` for every answer that is not 2xx, with the hub's own words and `code`.
        """
        answer = self.exchange(method, path, body, query=query, headers=headers, seconds=seconds)
        if not 200 <= answer.status < 300:
            refuse(answer, self.way)
        return answer

    def exchange(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """Send a request and return the answer, whatever its status; raises `CliError`."""
        try:
            target, sent, data = self._prepared(path, body, query, headers)
            return self._connection().exchange(method, target, sent, data, seconds)
        except (OSError, WireError) as error:
            self._unreachable(error)

    def stream(
        self, path: str, *, query: Query | None = None, seconds: float = SECONDS
    ) -> Iterator[bytes]:
        """Return the body of a GET piece by piece, for what is too long for the memory."""
        target, sent, data = self._prepared(path, None, query, None)
        try:
            status, found, parts = self._connection().open("GET", target, sent, data, seconds)
            if not 200 <= status < 300:
                refuse(Answer(status, found, b"".join(parts)), self.way)
            yield from parts
        except (OSError, WireError) as error:
            self._unreachable(error)

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.close()

    # --- who asks

    def token(self) -> str | None:
        """Return the token to show, renewed when it is about to end; None = the socket's owner."""
        way = self.way
        if way.token is not None or way.login is None:
            return way.token
        login = way.login
        if login.expires_at - EARLY <= time.time():
            self._renew()
        return login.access_token

    def _renew(self) -> None:
        """Get a new access token for the stored login and keep it."""
        login = self.way.login
        assert login is not None  # noqa: S101 - asked by the caller
        form = {
            "grant_type": "refresh_token",
            "refresh_token": login.refresh_token,
            "client_id": login.client_id,
        }
        text = "&".join(f"{key}={quote(value)}" for key, value in form.items())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._connection().exchange("POST", "/auth/token", headers, text.encode(), SECONDS)
        if answer.status in (400, 403):
            raise CliError(
                f"the stored login of {login.username!r} is no longer good",
                f"run `hub login {login.url}` again",
                code="invalid_auth",
            )
        if answer.status != 200:
            refuse(answer, self.way)
        fresh = answer.json()
        login.access_token = fresh["access_token"]
        login.expires_at = time.time() + fresh["expires_in"]
        save_login(login)

    # --- inside

    def _connection(self) -> Wire:
        if self._wire is None:
            self._wire = Wire(self.way.address)
        return self._wire

    def _prepared(
        self, path: str, body: Any, query: Query | None, headers: Mapping[str, str] | None
    ) -> tuple[str, dict[str, str], bytes]:
        """Return target, headers and body bytes."""
        sent = {"Accept": "application/json", "User-Agent": "hub-cli", **(headers or {})}
        if (token := self.token()) is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = b""
        if isinstance(body, bytes):
            data = body
        elif body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        wanted = {key: value for key, value in (query or {}).items() if value not in (None, False)}
        if wanted:
            path += "?" + "&".join(
                f"{quote(key)}={'1' if value is True else quote(str(value))}"
                for key, value in wanted.items()
            )
        return path, sent, data

    def _unreachable(self, error: Exception) -> NoReturn:
        """Say that the hub does not answer, and what to do about it."""
        way = self.way
        where = f"{way.address} (chosen by {way.chosen_by})"
        path = way.address.path
        if isinstance(error, WireError):
            raise CliError(f"{where}: {error}", "is it a hub? try `hub doctor`", code="unavailable")
        if isinstance(error, TimeoutError):
            raise CliError(
                f"the hub at {where} did not answer in time",
                "it may still work on it: look with `hub jobs`, or try `hub doctor`",
                code="timeout",
            )
        reason = getattr(error, "strerror", None) or str(error)
        if path is not None and isinstance(error, FileNotFoundError):
            raise CliError(
                f"no hub runs on {Path(path).parent} (chosen by {way.chosen_by})",
                "start it with `hub run`, name its folder with --data or HUB_DATA, "
                "or log in to another one with `hub login URL`",
                code="unavailable",
            )
        if path is not None and isinstance(error, PermissionError):
            raise CliError(
                f"{path} may not be opened by this user",
                "run the command as the hub's user, or use `hub login URL`",
                code="unauthorized",
            )
        if type(error).__module__ == "ssl":
            reason = getattr(error, "verify_message", "") or reason
            raise CliError(
                f"the certificate of {where} is not trusted: {reason}",
                "let SSL_CERT_FILE name the file of your certificate authority",
                code="unavailable",
            )
        raise CliError(
            f"no hub answers at {where}: {reason}",
            "start it with `hub run`, or look what is wrong with `hub doctor`",
            code="unavailable",
        )


def refuse(answer: Answer, way: Way) -> NoReturn:
    """Tell a refused request in the hub's words, with a hint for what can be done."""
    message, code, problems = "", "", None
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if isinstance(told, dict):
        message, code = str(told.get("message", "")), str(told.get("code", ""))
        problems = told.get("problems")
    message = message or f"the hub answered {answer.status}"
    if (elsewhere := answer.headers.get("location")) and answer.status in (301, 302, 307, 308):
        raise CliError(f"{message}: it is at {elsewhere}", "use that address", code="unavailable")
    status = FAILED
    if code == "invalid_config":
        lines = message.count("\n") + 1
        words = "1 problem" if lines == 1 else f"{lines} problems"
        message, status = f"{words}, nothing was written\n{message}", USAGE
    elif code == "invalid_spec" and isinstance(problems, list):
        name = message.partition(": ")[0]
        message = "\n  ".join([f"{name} is not valid", *map(_problem, problems)])
    raise CliError(message, _hint(answer.status, code, way), status=status, code=code)


def _problem(problem: Any) -> str:
    """Return one problem of a spec as `path: message`."""
    if not isinstance(problem, dict):
        return str(problem)
    path = problem.get("path")
    return f"{path}: {problem.get('message')}" if path else str(problem.get("message"))


def _hint(status: int, code: str, way: Way) -> str | None:
    if status == 401:
        if way.token is not None:
            return "HUB_TOKEN is not, or no longer, a good token of this hub"
        return f"log in with `hub login {way.address}`, or set HUB_TOKEN"
    return _HINTS.get(code)


_HINTS: Final = {
    "unauthorized": "this user may not do that; ask an administrator",
    "conflict": "somebody changed it meanwhile; look again and repeat",
    "in_use": "remove the users first, or add --cascade",
    "file_owned": "change the file, then `hub apply -f FILE`; with --prune what is gone there goes",
    "unknown_error": "look into the hub's log for the reference",
}
