"""Who gives out tokens, and what they may say."""

from dataclasses import dataclass
from typing import Protocol

from shop.common.auth.keys import Key
from shop.common.caller import Kind

PEOPLE = frozenset({Kind.SHOPPER, Kind.STAFF})
SERVICES = frozenset({Kind.SERVICE})


class Keys(Protocol):
    """An issuer's keys."""

    async def get(self, kid: str | None) -> Key | None:
        """Return the key of this id, None if there is none; raise Unavailable."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """``kinds`` of caller it speaks for; ``service``: the only one it speaks for, None: any."""

    name: str
    keys: Keys
    kinds: frozenset[Kind]
    service: str | None = None
