"""Keys and tokens of tests: issuers that a verifier trusts, and ones that it does not."""

import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shop.common.auth import Key, public_jwks, signing_key


@cache
def key(name: str, kind: str = "EC") -> Key:
    """Return the private key of this name, the same one each time."""
    if kind == "RSA":
        private: Any = rsa.generate_private_key(65537, 2048)
    else:
        private = ec.generate_private_key(ec.SECP256R1())
    return signing_key(pem_of(private))


def pem_of(private: Any) -> str:
    """Return a private key in PEM."""
    plain = pem.NoEncryption()
    return str(private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, plain).decode())


def public_pem(private: Key) -> str:
    """Return the public half of a key in PEM."""
    form = pem.PublicFormat.SubjectPublicKeyInfo
    return str(private.material.public_key().public_bytes(pem.Encoding.PEM, form).decode())


def jwks(*keys: Key) -> bytes:
    """Return the public halves of keys as one JWKS."""
    shown = [public_jwks(each).partition("[")[2].rpartition("]")[0] for each in keys]
    return f'{{"keys": [{",".join(shown)}]}}'.encode()


def token(private: Key, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a token of a shopper, but for what ``claims`` say; one of None is left out."""
    now = int(time.time())
    usual = {
        "iss": "people",
        "aud": "shop",
        "sub": "u1",
        "kind": "shopper",
        "customer_id": "cus_1",
        "iat": now,
        "exp": now + 60,  # make one when it is needed: a run takes longer
    }
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    head = {"kid": private.kid, **(headers or {})}
    named = {name: value for name, value in head.items() if value is not None}
    return jwt.encode(said, private.material, private.algorithm, headers=named)
