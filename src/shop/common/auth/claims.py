"""What a token says, once its signature is known to be right, as a caller."""

import re
from collections.abc import Mapping
from typing import Any

from shop.common.auth.errors import InvalidToken
from shop.common.auth.issuer import Issuer
from shop.common.caller import Caller, Kind

SERVICE_LIFE_MAX_S = 900
"""A service renews its own tokens, so none needs to live longer."""

_SUBJECT = re.compile(r"[!-~]{1,255}")
_CUSTOMER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def caller_of(claims: Mapping[str, Any], issuer: Issuer) -> Caller:
    """Return who the claims are about; raise InvalidToken where the issuer may not say that.

    A service's one scope is its name: what it may do is said of the name, and whose key signed
    proves it.
    """
    subject, kind = claims.get("sub"), claims.get("kind")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise InvalidToken("sub is missing, too long, or has blanks")
    if not isinstance(kind, str) or kind not in issuer.kinds:
        raise InvalidToken("kind is none that this issuer gives")
    kind, until_s = Kind(kind), float(claims["exp"])
    if kind is Kind.SHOPPER:
        return Caller(kind, subject, customer_id=_customer_id(claims), until_s=until_s)
    if kind is Kind.STAFF:
        return Caller(kind, subject, _scopes(claims), until_s=until_s)
    if issuer.service is not None and subject != issuer.service:
        raise InvalidToken("sub is not the service that signed")
    if claims["exp"] - claims["iat"] > SERVICE_LIFE_MAX_S:
        raise InvalidToken(f"a service's token may live for {SERVICE_LIFE_MAX_S} s at most")
    return Caller(kind, subject, frozenset({subject}), until_s=until_s)


def _customer_id(claims: Mapping[str, Any]) -> str:
    customer_id = claims.get("customer_id")
    if not isinstance(customer_id, str) or not _CUSTOMER_ID.fullmatch(customer_id):
        raise InvalidToken("customer_id is missing or malformed")
    return customer_id


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise InvalidToken("scope is not a string of names with blanks between them")
    return frozenset(scope.split())
