"""The verbs of RFC 8555: directory, account, order, authorization, finalize, download, revoke."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.sdk import ServiceValidationError
from integrations.proxy.acme.jws import AccountKey, bound, encoded
from integrations.proxy.acme.problems import AcmeError, CAUnavailable, Problem, problem
from integrations.proxy.acme.wire import Answer, Wire

MAX_AUTHORIZATIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a CA: its URL and key."""

    url: str
    key: AccountKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to show that a name is ours."""

    type: str
    url: str
    token: str
    status: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a CA wants to see for one name."""

    url: str
    name: str
    """Without `*.`."""
    wildcard: bool
    status: str
    challenges: Sequence[Challenge]
    retry_after: float | None = None

    @property
    def shown(self) -> str:
        """Return the name as it was ordered."""
        return f"*.{self.name}" if self.wildcard else self.name


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the CA sees it now."""

    url: str
    status: str
    authorizations: Sequence[str]
    finalize: str
    certificate: str | None = None
    problem: Problem | None = None
    retry_after: float | None = None


class Client:
    """Speaks with one CA for one account."""

    def __init__(self, wire: Wire) -> None:
        """Speak over `wire`; `open` comes first."""
        self.wire = wire
        self.account: Account | None = None
        self._directory: Mapping[str, Any] = {}

    async def open(self) -> None:
        """Read the directory; raises `CAUnavailable` for what is none."""
        answer = await self.wire.get(self.wire.directory)
        data = answer.data
        wanted = ("newNonce", "newAccount", "newOrder")
        if not isinstance(data, Mapping) or any(not isinstance(data.get(x), str) for x in wanted):
            raise CAUnavailable(f"{self.wire.directory} is no ACME directory")
        self._directory = data
        self.wire.new_nonce = data["newNonce"]

    @property
    def meta(self) -> Mapping[str, Any]:
        """Return what the directory tells of the CA: `termsOfService`, `profiles`."""
        meta = self._directory.get("meta")
        return meta if isinstance(meta, Mapping) else {}

    @property
    def renewal_info_url(self) -> str | None:
        """Return where renewal information is (RFC 9773); None = the CA has none."""
        found = self._directory.get("renewalInfo")
        return found if isinstance(found, str) else None

    async def register(
        self, key: AccountKey, email: str | None, eab: tuple[str, str] | None = None
    ) -> Account:
        """Make an account, or find the one that the key has; agrees to the terms of service.

        `eab` is key id and HMAC key (base64url) of an external account. Raises
        `ServiceValidationError` when one is needed and missing, `AcmeError`.
        """
        url = self._directory["newAccount"]
        payload: dict[str, Any] = {"termsOfServiceAgreed": True}
        if email:
            payload["contact"] = [f"mailto:{email}"]
        if eab is not None:
            try:
                payload["externalAccountBinding"] = bound(key, url, *eab)
            except ValueError:
                raise ServiceValidationError(
                    "acme.eab.hmac_key: is not base64url, copy it from the CA's page again"
                ) from None
        elif self.meta.get("externalAccountRequired") is True:
            raise ServiceValidationError(
                f"acme.eab: {self.wire.host} wants an external account; enter kid and hmac_key"
                " from its page"
            )
        answer = await self.wire.post(url, payload, key, None)
        return self.use(Account(self._location(answer), key))

    def use(self, account: Account) -> Account:
        """Speak for an account from now on."""
        self.account = account
        return account

    async def find(self, key: AccountKey) -> Account | None:
        """Speak for the account that a key has; None = the CA knows none."""
        payload = {"onlyReturnExisting": True}
        try:
            answer = await self.wire.post(self._directory["newAccount"], payload, key, None)
        except AcmeError as error:
            if error.has("accountDoesNotExist"):
                return None
            raise
        return self.use(Account(self._location(answer), key))

    async def new_order(
        self, names: Sequence[str], profile: str | None = None, replaces: str | None = None
    ) -> Order:
        """Order a certificate; `replaces` is the certID of the one it takes over from.

        Raises `ServiceValidationError` for a profile that the CA does not offer.
        """
        payload: dict[str, Any] = {"identifiers": [{"type": "dns", "value": n} for n in names]}
        if profile is not None:
            self._offered(profile)
            payload["profile"] = profile
        url = self._directory["newOrder"]
        if replaces is not None and self.renewal_info_url is not None:
            try:
                answer = await self._post(url, {**payload, "replaces": replaces})
            except AcmeError as error:
                # RFC 9773 section 5: the order is as good without it
                if not error.has("alreadyReplaced") and not error.has("malformed"):
                    raise
            else:
                return _order(self._location(answer), answer)
        answer = await self._post(url, payload)
        return _order(self._location(answer), answer)

    async def order(self, url: str) -> Order:
        """Return an order as it is now."""
        return _order(url, await self._post(url, None))

    async def authorization(self, url: str) -> Authorization:
        """Return what has to be shown for one name, and what became of it."""
        return _authorization(url, await self._post(url, None))

    async def answer(self, challenge: Challenge) -> None:
        """Tell the CA that it may look."""
        await self._post(challenge.url, {})

    async def finalize(self, order: Order, request: bytes) -> Order:
        """Hand in the signing request (DER)."""
        answer = await self._post(order.finalize, {"csr": encoded(request)})
        return _order(order.url, answer)

    async def certificate(self, url: str) -> bytes:
        """Download a chain, PEM, the certificate itself first."""
        return (await self._post(url, None)).body

    async def revoke(self, certificate: bytes, reason: int = 0) -> None:
        """Revoke a certificate (DER); one that is revoked already is a success."""
        url = self._directory.get("revokeCert")
        if not isinstance(url, str):
            raise ServiceValidationError(f"{self.wire.host} can not revoke certificates")
        try:
            await self._post(url, {"certificate": encoded(certificate), "reason": reason})
        except AcmeError as error:
            if not error.has("alreadyRevoked"):
                raise

    async def renewal_info(self, cert_id: str) -> Answer | None:
        """Fetch renewal information (RFC 9773 section 4.1); None = the CA offers none."""
        base = self.renewal_info_url
        return None if base is None else await self.wire.get(f"{base.rstrip('/')}/{cert_id}")

    async def _post(self, url: str, payload: Mapping[str, Any] | None) -> Answer:
        if self.account is None:
            raise CAUnavailable(f"{self.wire.host}: no account is open")
        return await self.wire.post(url, payload, self.account.key, self.account.url)

    def _offered(self, profile: str) -> None:
        profiles = self.meta.get("profiles")
        offered = sorted(map(str, profiles)) if isinstance(profiles, Mapping) else []
        if profile not in offered:
            what = f"offers only {', '.join(offered)}" if offered else "has no profiles"
            raise ServiceValidationError(
                f"acme.profile: {self.wire.host} {what}; {profile!r} is not among them"
            )

    def _location(self, answer: Answer) -> str:
        if answer.location is None:
            raise CAUnavailable(f"{self.wire.host}: an answer without Location")
        return answer.location


def _order(url: str, answer: Answer) -> Order:
    data = _mapping(answer)
    urls = data.get("authorizations")
    found = [item for item in urls if isinstance(item, str)] if isinstance(urls, list) else []
    if len(found) > MAX_AUTHORIZATIONS:
        raise CAUnavailable(f"an order with more than {MAX_AUTHORIZATIONS} authorizations")
    certificate = data.get("certificate")
    return Order(
        url,
        str(data.get("status")),
        tuple(found),
        str(data.get("finalize")),
        certificate if isinstance(certificate, str) else None,
        problem(data["error"]) if data.get("error") else None,
        answer.retry_after,
    )


def _authorization(url: str, answer: Answer) -> Authorization:
    data = _mapping(answer)
    identifier = data.get("identifier")
    name = identifier.get("value") if isinstance(identifier, Mapping) else None
    challenges = data.get("challenges")
    return Authorization(
        url,
        str(name),
        data.get("wildcard") is True,
        str(data.get("status")),
        tuple(
            Challenge(
                str(item.get("type")),
                str(item.get("url")),
                str(item.get("token", "")),
                str(item.get("status")),
                problem(item["error"]) if item.get("error") else None,
            )
            for item in (challenges if isinstance(challenges, list) else [])[:20]
            if isinstance(item, Mapping)
        ),
        answer.retry_after,
    )


def _mapping(answer: Answer) -> Mapping[str, Any]:
    if not isinstance(answer.data, Mapping):
        raise CAUnavailable("the CA answered with something that is no JSON object")
    return answer.data
