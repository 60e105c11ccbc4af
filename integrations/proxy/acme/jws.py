"""Signed requests: JSON web signatures as RFC 8555 section 6.2 wants them (RFC 7515, 7518)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.sdk import dumps

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bytes of base64url with or without padding; raises `ValueError`."""
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


class AccountKey:
    """The key of an account: P-256, signing with ES256."""

    def __init__(self, key: "EllipticCurvePrivateKey") -> None:
        self._key = key
        numbers = key.public_key().public_numbers()
        self.jwk: dict[str, str] = {
            "crv": "P-256",
            "kty": "EC",
            "x": encoded(numbers.x.to_bytes(32, "big")),
            "y": encoded(numbers.y.to_bytes(32, "big")),
        }
        """The public key; members in the order that its thumbprint is made from."""

    @classmethod
    def make(cls) -> "AccountKey":
        """Make a new key."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, pem: str) -> "AccountKey":
        """Read a key that was written by `pem`; raises `ValueError` for any other."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(pem.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("not a P-256 key")
        return cls(key)

    def pem(self) -> str:
        """Return the private key, PEM (PKCS #8)."""
        from cryptography.hazmat.primitives import serialization

        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def thumbprint(self) -> str:
        """Return the key's thumbprint (RFC 7638), base64url."""
        return encoded(hashlib.sha256(dumps(self.jwk)).digest())

    def authorization(self, token: str) -> str:
        """Return the key authorization of a token (RFC 8555 section 8.1)."""
        return f"{token}.{self.thumbprint}"

    def sign(self, data: bytes) -> bytes:
        """Return the ES256 signature: r and s, 32 bytes each (RFC 7518 section 3.4)."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signed(
    key: AccountKey,
    url: str,
    nonce: str,
    payload: Mapping[str, Any] | None,
    account: str | None,
) -> bytes:
    """Return the body of a POST; `payload` None makes a POST-as-GET.

    Without `account` (its URL) the public key goes along, as `newAccount` wants it.
    """
    who: dict[str, Any] = {"jwk": key.jwk} if account is None else {"kid": account}
    protected = encoded(dumps({"alg": "ES256", "nonce": nonce, "url": url, **who}))
    body = "" if payload is None else encoded(dumps(payload))
    signature = key.sign(f"{protected}.{body}".encode())
    return dumps({"protected": protected, "payload": body, "signature": encoded(signature)})


def bound(key: AccountKey, url: str, kid: str, hmac_key: str) -> dict[str, str]:
    """Return the binding to an external account (RFC 8555 section 7.3.4), HS256.

    `hmac_key` is base64url; raises `ValueError`.
    """
    secret = decoded(hmac_key)
    if not secret:
        raise ValueError("the key is empty")
    protected = encoded(dumps({"alg": "HS256", "kid": kid, "url": url}))
    payload = encoded(dumps(key.jwk))
    mac = hmac.digest(secret, f"{protected}.{payload}".encode(), hashlib.sha256)
    return {"protected": protected, "payload": payload, "signature": encoded(mac)}


def challenge_digest(authorization: str) -> str:
    """Return the TXT value of DNS-01 for a key authorization (RFC 8555 section 8.4)."""
    return encoded(hashlib.sha256(authorization.encode()).digest())
