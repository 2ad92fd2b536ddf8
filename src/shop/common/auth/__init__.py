"""Who may call: tokens are checked here, and made where a service calls another.

A token is a JWT (RFC 7519) that says who calls: ``iss, aud, sub, exp, iat``, ``kind`` (shopper,
staff or service), ``scope`` of staff and ``customer_id`` of a shopper. What a kind of caller may do
stands in the Swagger files; ``shop.common.web`` holds the operations to it.
"""

from shop.common.auth.errors import InsufficientScope, InvalidToken, NoToken
from shop.common.auth.keys import Key, KeyFault, public_jwks, shared_secret, signing_key
from shop.common.auth.minting import ServiceToken, mint
from shop.common.auth.opened import DEVELOPMENT, credentials, kept, verifier
from shop.common.auth.verifier import Verifier, VerifierOptions

__all__ = [
    "DEVELOPMENT",
    "InsufficientScope",
    "InvalidToken",
    "Key",
    "KeyFault",
    "NoToken",
    "ServiceToken",
    "Verifier",
    "VerifierOptions",
    "credentials",
    "kept",
    "mint",
    "public_jwks",
    "shared_secret",
    "signing_key",
    "verifier",
]
