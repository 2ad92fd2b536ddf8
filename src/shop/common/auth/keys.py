"""Keys, read from a JWKS (RFC 7517) or from PEM, each for the one algorithm that it allows.

What is not named by the header of a token but by the key cannot be talked down: there is no
``alg: none`` here, and no public key is ever taken for the secret of an HMAC.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

RSA_BITS_MIN = 2048
SECRET_BYTES_MIN = 32
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}


class KeyFault(ValueError):
    """There is no key in it that could be used; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and the only algorithm that it is used with."""

    kid: str
    algorithm: str
    material: Any


def read_keys(content: bytes) -> dict[str, Key]:
    """Return the public keys of a JWKS or of PEM, by id and by thumbprint (RFC 7638).

    Keys of other kinds, for other uses or too short are left out; raises KeyFault if none is left.
    """
    found: dict[str, Key] = {}
    for jwk in _documents(content):
        key = _key(jwk)
        if key is not None:
            found[thumbprint(jwk)] = found[key.kid] = key
    if not found:
        raise KeyFault(f"no key for RS256 (of {RSA_BITS_MIN} bits or more) or ES256 in it")
    return found


def signing_key(pem: str) -> Key:
    """Return a private key of PEM, with its thumbprint as its id; raise KeyFault if it is none."""
    try:
        private = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault("not a private key in PEM, or one with a password") from None
    jwk = _jwk(private.public_key())
    known = _key(jwk) if jwk else None
    if jwk is None or known is None:
        raise KeyFault(f"neither RSA of {RSA_BITS_MIN} bits or more nor EC on P-256")
    return Key(thumbprint(jwk), known.algorithm, private)


def shared_secret(secret: str) -> Key:
    """Return the key of HS256, whose holders can all make tokens; raise KeyFault if it is short."""
    if len(secret.encode()) < SECRET_BYTES_MIN:
        raise KeyFault(f"must have {SECRET_BYTES_MIN} bytes or more")
    return Key("secret", "HS256", secret.encode())


def public_jwks(key: Key) -> str:
    """Return the JWKS that tells others the public half of a signing key."""
    jwk = _jwk(key.material.public_key()) or {}
    shown = {**jwk, "kid": key.kid, "alg": key.algorithm, "use": "sig"}
    return json.dumps({"keys": [shown]}, indent=2) + "\n"


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the thumbprint of a public key (RFC 7638, by SHA-256)."""
    members = {name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}
    said = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(said).digest()).rstrip(b"=").decode()


def _documents(content: bytes) -> Iterator[Mapping[str, Any]]:
    if b"-----BEGIN" in content:
        yield from _of_pem(content)
        return
    try:
        keys = json.loads(content)["keys"]
    except (ValueError, TypeError, KeyError):
        raise KeyFault("neither a JWKS nor public keys in PEM") from None
    if not isinstance(keys, list):
        raise KeyFault("the keys of this JWKS are no list")
    yield from (jwk for jwk in keys if isinstance(jwk, dict))


def _of_pem(content: bytes) -> Iterator[Mapping[str, Any]]:
    for block in _PEM.findall(content):
        try:
            jwk = _jwk(serialization.load_pem_public_key(block))
        except (ValueError, UnsupportedAlgorithm):
            raise KeyFault("a public key in PEM that cannot be read") from None
        if jwk:
            yield jwk


def _jwk(public: object) -> dict[str, Any] | None:
    if isinstance(public, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(public, as_dict=True)
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1":
        return ECAlgorithm.to_jwk(public, as_dict=True)
    return None


def _key(jwk: Mapping[str, Any]) -> Key | None:
    """Return the key, or None if it is for something else, or too weak."""
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(jwk.get("kty", ""))
    if algorithm is None or jwk.get("use", "sig") != "sig":
        return None
    if jwk.get("alg", algorithm) != algorithm or jwk.get("crv", "P-256") != "P-256":
        return None
    try:
        material = jwt.PyJWK(dict(jwk), algorithm).key
        kid = str(jwk.get("kid") or thumbprint(jwk))
    except (jwt.PyJWTError, KeyError, ValueError):
        return None
    if isinstance(material, rsa.RSAPublicKey) and material.key_size < RSA_BITS_MIN:
        return None
    return None if hasattr(material, "private_numbers") else Key(kid, algorithm, material)
