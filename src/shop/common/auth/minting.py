"""Making tokens: a service its own, short-lived; and, on one machine, those of people."""

import time
from collections.abc import Callable, Mapping

import jwt

from shop.common.auth.keys import Key
from shop.common.caller import Caller, Kind

SERVICE_LIFE_S = 300
_RENEW_S = 60
"""So long before the end a new one is made: clocks differ, and calls take a while."""


def mint(
    caller: Caller,
    key: Key,
    issuer: str,
    audience: str,
    life_s: float = SERVICE_LIFE_S,
    now_s: float | None = None,
) -> str:
    """Return a token that says of a caller what ``Verifier`` reads from it."""
    now = int(time.time() if now_s is None else now_s)
    claims = {"iss": issuer, "aud": audience, "sub": caller.subject, "kind": str(caller.kind)}
    claims |= {"customer_id": caller.customer_id} if caller.customer_id else {}
    claims |= {"scope": " ".join(sorted(caller.scopes))} if caller.kind is Kind.STAFF else {}
    times = {"iat": now, "exp": now + int(life_s)}
    return jwt.encode({**claims, **times}, key.material, key.algorithm, headers={"kid": key.kid})


class ServiceToken:
    """The token by which a service shows others who it is; a new one is made ahead of time."""

    def __init__(
        self,
        name: str,
        key: Key,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._caller = Caller(Kind.SERVICE, name)
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._renew_at_s = 0.0
        self._headers: Mapping[str, str] = {}

    def headers(self) -> Mapping[str, str]:
        """Return the header that a call to another service carries."""
        now_s = self._clock()
        if now_s >= self._renew_at_s:
            token = mint(self._caller, self._key, self._issuer, self._audience, now_s=now_s)
            self._headers = {"Authorization": f"Bearer {token}"}
            self._renew_at_s = now_s + SERVICE_LIFE_S - _RENEW_S
        return self._headers
