"""Private keys and signing requests of certificates."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

RSA: Final = {"rsa-2048": 2048, "rsa-3072": 3072, "rsa-4096": 4096}
ECDSA: Final = ("ecdsa-p256", "ecdsa-p384")
KEY_TYPES: Final = (*ECDSA, *RSA)
"""What `key_type` of a certificate may be."""


async def make(key_type: str) -> bytes:
    """Return a new private key, PEM (PKCS #8); in a thread, for RSA takes up to seconds."""
    return await asyncio.to_thread(_made, key_type)


async def signing_request(key: bytes, names: Sequence[str]) -> bytes:
    """Return a signing request, DER: an empty subject, the names as SAN (RFC 8555 section 7.4)."""
    return await asyncio.to_thread(_requested, key, names)


def _made(key_type: str) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if key_type in RSA:
        key = rsa.generate_private_key(65537, RSA[key_type])
    elif key_type in ECDSA:
        key = ec.generate_private_key(ec.SECP384R1() if "384" in key_type else ec.SECP256R1())
    else:
        raise ValueError(f"key_type: expected one of {', '.join(KEY_TYPES)}")
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _requested(pem: bytes, names: Sequence[str]) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key: CertificateIssuerPrivateKeyTypes = serialization.load_pem_private_key(pem, None)  # type: ignore[assignment]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    request = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)
