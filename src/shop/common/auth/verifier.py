"""Checks tokens (JWT, RFC 7519, as RFC 8725 advises), and knows again those it has checked.

A signature costs 100 us or more to check, a token that was seen before one look into a dictionary.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jwt

from shop.common.auth.claims import caller_of
from shop.common.auth.errors import InvalidToken
from shop.common.auth.issuer import Issuer
from shop.common.auth.keys import Key
from shop.common.caller import Caller

_FAR_S = 1e11  # the year 5138; what is beyond may be too much to count with
_REQUIRED = ["iss", "aud", "sub", "exp", "iat"]
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "it has expired"),
    (jwt.ImmatureSignatureError, "it is not valid yet"),
    (jwt.InvalidAudienceError, "it is for another audience"),
    (jwt.MissingRequiredClaimError, "it lacks one of " + ", ".join(_REQUIRED)),
    (jwt.InvalidSignatureError, "its signature is wrong"),
)


@dataclass(frozen=True)
class VerifierOptions:
    """``leeway_s``: by how much clocks may differ. ``known_max``: tokens that are remembered."""

    leeway_s: float = 5.0
    bytes_max: int = 4096
    known_max: int = 10_000


class _Known(NamedTuple):
    caller: Caller
    until_s: float


class Verifier:
    """Checks the tokens of these issuers, for one audience."""

    def __init__(
        self,
        issuers: Iterable[Issuer],
        audience: str,
        options: VerifierOptions = VerifierOptions(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuers: Mapping[str, Issuer] = {issuer.name: issuer for issuer in issuers}
        self._audience = audience
        self._options = options
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def known(self, token: str) -> Caller | None:
        """Return whose token this is, if it was checked before and still holds."""
        known = self._known.get(token)
        if known is None:
            return None
        if known.until_s <= self._clock():
            del self._known[token]
            return None
        return known.caller

    async def verify(self, token: str) -> Caller:
        """Check a token and return whose it is; raise InvalidToken, or Unavailable without keys."""
        if len(token) > self._options.bytes_max:
            raise InvalidToken("it is too long")
        header, said = _unchecked(token)
        issuer = self.issuers.get(str(said.get("iss")))
        if issuer is None:
            raise InvalidToken("its issuer is not known here")
        kid = header.get("kid")
        key = await issuer.keys.get(kid)
        if key is None or header.get("alg") != key.algorithm:
            raise InvalidToken("it is signed by no key that is known here")
        claims = self._claims(token, key, issuer.name)
        found = caller_of(claims, issuer)
        self._remember(token, _Known(found, claims["exp"] + self._options.leeway_s))
        return found

    def forget(self) -> None:
        """Check all tokens anew: the key of some may be gone."""
        self._known.clear()

    def _claims(self, token: str, key: Key, issuer: str) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key.material,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=issuer,
                leeway=self._options.leeway_s,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, OverflowError) as error:  # exp: Infinity
            said = (reason for kind, reason in _REASONS if isinstance(error, kind))
            raise InvalidToken(next(said, "it is malformed")) from None
        if not (_is_time(claims["exp"]) and _is_time(claims["iat"])):
            raise InvalidToken("exp and iat must be numbers of seconds")
        return claims

    def _remember(self, token: str, known: _Known) -> None:
        while len(self._known) >= self._options.known_max:
            del self._known[next(iter(self._known))]
        self._known[token] = known


def _unchecked(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return header and claims as they stand: good for finding the key, and for nothing else."""
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise InvalidToken("it is malformed") from None
    return parts["header"], parts["payload"]


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _FAR_S
