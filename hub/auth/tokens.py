"""Refresh tokens and the signed access tokens that are made from them."""

import hashlib
import logging
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from hub.auth.refresh import RefreshToken, TokenType
from hub.auth.user import User
from hub.auth.users import Users
from hub.auth.witness import Witness
from hub.errors import InvalidInfo, NotFound
from hub.util.clock import Cancel, Clock

if TYPE_CHECKING:
    from hub.storage import Database

_LOGGER = logging.getLogger(__name__)

ACCESS_SECONDS: Final = 1800
"""How long an access token is good."""

WRITE_AFTER: Final = 60.0
"""Seconds over which uses of tokens are gathered before they are written."""

PURGE_EVERY: Final = 86400.0
MAX_CACHED: Final = 4096
MAX_TOKEN: Final = 4096
MAX_DAYS: Final = 36500

TABLE: Final = "refresh_tokens"


class Session(NamedTuple):
    """Who speaks: the user, and the refresh token that the access token came from."""

    user: User
    refresh_token_id: str


class Tokens:
    """All refresh tokens; checks access tokens, from a cache when it can."""

    def __init__(
        self, database: "Database", clock: Clock, users: Users, witness: Witness | None = None
    ) -> None:
        """Start empty; `load` reads the table."""
        self._database = database
        self._rows = database.rows
        self._clock = clock
        self._now = clock.time
        self._users = users
        self._witness = Witness() if witness is None else witness
        self._tokens: dict[str, RefreshToken] = {}
        self._by_hash: dict[str, str] = {}
        self._cache: dict[str, tuple[float, Session]] = {}
        self._revoked: dict[str, list[Callable[[], object]]] = {}
        self._used: set[str] = set()
        self._write_timer: Cancel | None = None
        users.listen(self._user_changed)
        users.before_remove = lambda user: self.revoke_all(user.id)
        database.before_close(self.flush)

    async def load(self) -> None:
        """Read the tokens and drop those that have ended; raises `StorageError`."""
        from hub.storage.tables import refresh_tokens

        async with self._database.read() as connection:
            oldest_first = refresh_tokens.select().order_by(refresh_tokens.c.created_at)
            rows = (await connection.execute(oldest_first)).mappings().all()
        for row in rows:
            values = dict(row)
            user = self._users.get(values.pop("user_id"))
            if user is not None:
                kind = TokenType(values.pop("type"))
                self._remember(RefreshToken(user=user, type=kind, **values))
        self._purge()

    # --- checking

    def validate(self, token: str) -> Session | None:
        """Return who an access token speaks for; None when it is not, or no longer, good."""
        hit = self._cache.get(token)
        if hit is not None:
            if hit[0] > self._now():
                return hit[1]
            del self._cache[token]
        return self._check(token)

    def _check(self, token: str) -> Session | None:
        """Verify the signature against the key of the refresh token that the token names."""
        import jwt

        if len(token) > MAX_TOKEN:
            return None
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            found = self._tokens.get(claims.get("iss", ""))
            # An unknown token is checked as well, so that both take as long.
            key = secrets.token_hex(64) if found is None else found.jwt_key
            claims = jwt.decode(token, key, algorithms=["HS256"], options=_OPTIONS)
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        ends = claims["exp"]
        now = self._now()
        if found is None or not found.user.is_active or not isinstance(ends, int) or ends <= now:
            return None
        if found.expired(now):
            return None
        session = Session(found.user, found.id)
        if len(self._cache) >= MAX_CACHED:
            del self._cache[next(iter(self._cache))]
        self._cache[token] = (float(ends), session)
        self.touch(found.id)
        return session

    # --- making

    async def create_refresh_token(self, user: User, client_id: str) -> tuple[RefreshToken, str]:
        """Make the token of one login; return it with its secret, which is kept nowhere."""
        secret = secrets.token_hex(64)
        token = await self._create(user, TokenType.NORMAL, secret, client_id=client_id)
        data = {"client_id": client_id, "token_id": token.id}
        self._witness.tell("login", user.username or user.id, user=user, data=data)
        return token, secret

    def create_access_token(self, token: RefreshToken, address: str | None = None) -> str:
        """Return a signed token good for `ACCESS_SECONDS`, and note the use."""
        self.touch(token.id, address)
        return self._sign(token, ACCESS_SECONDS)

    async def create_long_lived(
        self,
        user: User,
        client_name: str,
        lifespan_days: int,
        client_icon: str | None = None,
    ) -> str:
        """Return a signed token good for so many days; it is shown once and kept nowhere.

        Raises `InvalidInfo` when the user has a token of this name or the days are not 1 to 36500.
        """
        if not 1 <= lifespan_days <= MAX_DAYS:
            raise InvalidInfo(f"The lifespan must be 1 to {MAX_DAYS} days")
        for known in self.by_user(user.id):
            if known.type is TokenType.LONG_LIVED and known.client_name == client_name:
                raise InvalidInfo(f"The name {client_name} is already in use")
        token = await self._create(
            user,
            TokenType.LONG_LIVED,
            secrets.token_hex(64),
            client_name=client_name,
            client_icon=client_icon,
        )
        data = {"user_id": user.id, "name": client_name, "days": lifespan_days}
        self._witness.tell("token.create", f"token/{token.id}", data=data)
        return self._sign(token, lifespan_days * 86400)

    # --- finding and changing

    def get(self, refresh_token_id: str) -> RefreshToken | None:
        """Return the refresh token with this id."""
        return self._tokens.get(refresh_token_id)

    def by_user(self, user_id: str) -> list[RefreshToken]:
        """Return a user's refresh tokens."""
        return [token for token in self._tokens.values() if token.user.id == user_id]

    def by_secret(self, secret: str) -> RefreshToken | None:
        """Return the refresh token with this secret; None when there is none or it has ended."""
        token = self._tokens.get(self._by_hash.get(_hash(secret), ""))
        return None if token is None or token.expired(self._now()) else token

    async def set_expiry(self, refresh_token_id: str, enable: bool) -> None:
        """Switch the end after 90 days without use on or off; raises `NotFound`."""
        token = self._tokens.get(refresh_token_id)
        if token is None or token.type is not TokenType.NORMAL:
            raise NotFound("Received invalid token")
        token.expires = enable
        token.expire_at = None
        if enable:
            token.used(self._now(), None)
        self._rows.put(TABLE, token.id, token.row())
        await self._rows.flush()

    def touch(self, refresh_token_id: str, address: str | None = None) -> None:
        """Note a use; it is written with others within a minute."""
        token = self._tokens.get(refresh_token_id)
        if token is None:
            return
        token.used(self._now(), address)
        self._used.add(token.id)
        if self._write_timer is None:
            self._write_timer = self._clock.call_later(WRITE_AFTER, self._write_used)

    async def flush(self) -> None:
        """Write the uses that wait."""
        self._write_used()
        await self._rows.flush()

    # --- revoking

    async def revoke(self, refresh_token_id: str) -> bool:
        """End a refresh token, its access tokens and its connections; False when unknown."""
        token = self._tokens.get(refresh_token_id)
        if token is None:
            return False
        self._end(token)
        self._tell_revoked(token)
        await self._rows.flush()
        return True

    async def revoke_secret(self, secret: str) -> bool:
        """End the refresh token with this secret; False when there is none."""
        return await self.revoke(self._by_hash.get(_hash(secret), ""))

    async def revoke_all(
        self, user_id: str, token_type: TokenType | str | None = None, keep: str | None = None
    ) -> int:
        """End a user's tokens, of one type if given, but not `keep`; return how many."""
        found = [
            token
            for token in self.by_user(user_id)
            if token.id != keep and token_type in (None, token.type)
        ]
        for token in found:
            self._end(token)
            self._tell_revoked(token)
        await self._rows.flush()
        return len(found)

    def listen_revoked(
        self, refresh_token_id: str, callback: Callable[[], object]
    ) -> Callable[[], None]:
        """Call `callback` when the token or its user may no longer come in.

        A token that is gone already calls it at once.
        """
        if refresh_token_id not in self._tokens:
            _call(callback)
            return lambda: None
        callbacks = self._revoked.setdefault(refresh_token_id, [])
        callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in callbacks:
                callbacks.remove(callback)
            if not callbacks and self._revoked.get(refresh_token_id) is callbacks:
                del self._revoked[refresh_token_id]

        return unsubscribe

    # --- inside

    async def _create(
        self,
        user: User,
        kind: TokenType,
        secret: str,
        *,
        client_id: str | None = None,
        client_name: str | None = None,
        client_icon: str | None = None,
    ) -> RefreshToken:
        if self._users.get(user.id) is not user or not user.is_active:
            raise NotFound("User not found")
        now = self._now()
        token = RefreshToken(
            id=uuid4().hex,
            user=user,
            type=kind,
            token_hash=_hash(secret),
            jwt_key=secrets.token_hex(64),
            client_id=client_id,
            client_name=client_name,
            client_icon=client_icon,
            created_at=now,
        )
        if kind is TokenType.NORMAL:
            token.used(now, None)
            token.last_used_at = None
        self._remember(token)
        self._rows.put(TABLE, token.id, token.row())
        await self._rows.flush()
        return token

    def _sign(self, token: RefreshToken, seconds: int) -> str:
        import jwt

        now = int(self._now())
        claims = {"iss": token.id, "iat": now, "exp": now + seconds}
        return jwt.encode(claims, token.jwt_key, algorithm="HS256")

    def _remember(self, token: RefreshToken) -> None:
        self._tokens[token.id] = token
        self._by_hash[token.token_hash] = token.id

    def _end(self, token: RefreshToken) -> None:
        """Forget a token at once and close what it opened; the row goes soon."""
        del self._tokens[token.id]
        self._by_hash.pop(token.token_hash, None)
        self._used.discard(token.id)
        self._uncache(token)
        self._rows.delete(TABLE, token.id)
        self._close(token)

    def _tell_revoked(self, token: RefreshToken) -> None:
        data = {"user_id": token.user.id, "type": token.type.value, "name": token.client_name}
        self._witness.tell("token.revoke", f"token/{token.id}", data=data)

    def _uncache(self, token: RefreshToken) -> None:
        for text in [text for text, (_, it) in self._cache.items() if it[1] == token.id]:
            del self._cache[text]

    def _close(self, token: RefreshToken) -> None:
        for callback in self._revoked.pop(token.id, ()):
            _call(callback)

    def _user_changed(self, action: str, user: User) -> None:
        """Check a changed user's tokens anew; one who may no longer come in is put out."""
        if action == "create":
            return
        for token in self.by_user(user.id):
            self._uncache(token)
            if not user.is_active:
                self._close(token)

    def _write_used(self) -> None:
        if self._write_timer is not None:
            self._write_timer()
            self._write_timer = None
        for token_id in self._used:
            self._rows.put(TABLE, token_id, self._tokens[token_id].row())
        self._used.clear()

    def _purge(self) -> None:
        """Drop what has ended, now and every day."""
        now = self._now()
        for token in [token for token in self._tokens.values() if token.expired(now)]:
            self._end(token)
        self._clock.call_later(PURGE_EVERY, self._purge)


_OPTIONS: Final[Any] = {
    "require": ["iss", "iat", "exp"],
    # The end is compared with the hub's clock; a clock that jumped back must not lock anyone out.
    "verify_exp": False,
    "verify_iat": False,
}


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _call(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:
        _LOGGER.exception("Listener for a revoked token failed")
