"""The keys of one issuer: kept, renewed before they are old, and looked for when one is new.

Nothing waits for that but a token whose key is not known. While the issuer is away, the keys known
last stand.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from shop.common.auth.keys import Key, KeyFault, read_keys
from shop.common.auth.sources import CannotFetch, Source
from shop.common.errors import Unavailable

log = structlog.get_logger()


@dataclass(frozen=True)
class KeyOptions:
    """In seconds. ``age_s``: how old keys grow where their source sets no time, and at most.

    ``age_min_s``: how often they are asked for at most. ``pause_s``: after a fault, and between
    two looks for ids that are not known: no flood of invented ids becomes one at the issuer's.
    """

    age_s: float = 300.0
    age_min_s: float = 5.0
    pause_s: float = 5.0


class KeySet:
    """One issuer's keys. ``changed`` is called when a key has gone."""

    def __init__(
        self,
        issuer: str,
        source: Source,
        options: KeyOptions = KeyOptions(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.source = source
        self._issuer = issuer
        self._options = options
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._next_s = 0.0  # after which pause they are asked for again by themselves
        self._asked_s = -math.inf
        self._asking: asyncio.Task[None] | None = None

    async def get(self, kid: str | None) -> Key | None:
        """Return the key of this id, None if there is none; without an id: the only one there is.

        Raises Unavailable while no keys are known at all.
        """
        found = self._find(kid)
        if found is None and self._may_ask():
            await self.renew()
            found = self._find(kid)
        if not self._keys:
            raise Unavailable("Tokens cannot be checked: their issuer's keys are not known yet.")
        return found

    async def renew(self) -> None:
        """Ask for the keys; whoever wants that meanwhile shares the outcome. Raises nothing."""
        if self._asking is None or self._asking.done():
            self._asked_s = self._clock()
            self._asking = asyncio.create_task(self._ask())
        await asyncio.shield(self._asking)

    async def keep(self) -> None:
        """Renew the keys for ever, each time before they are too old."""
        while True:
            await asyncio.sleep(self._next_s)
            await self.renew()

    def _find(self, kid: str | None) -> Key | None:
        if kid is not None:
            return self._keys.get(kid)
        by_own_id = {key.kid: key for key in self._keys.values()}
        return next(iter(by_own_id.values())) if len(by_own_id) == 1 else None

    def _may_ask(self) -> bool:
        under_way = self._asking is not None and not self._asking.done()
        return under_way or self._clock() - self._asked_s >= self._options.pause_s

    async def _ask(self) -> None:
        self._next_s = self._options.pause_s
        try:
            fetched = await self.source.fetch()
            keys = read_keys(fetched.content)
        except (CannotFetch, KeyFault) as error:
            log.warning("keys not renewed", issuer=self._issuer, reason=str(error))
            return
        gone = any(keys.get(kid) is None for kid in self._keys)
        if self._keys and keys.keys() != self._keys.keys():
            log.info(
                "keys renewed", issuer=self._issuer, kids=sorted({k.kid for k in keys.values()})
            )
        self._keys = keys
        age_s = self._options.age_s if fetched.max_age_s is None else 0.8 * fetched.max_age_s
        self._next_s = min(max(age_s, self._options.age_min_s), self._options.age_s)
        if gone:
            self.changed()


class FixedKey:
    """A key that is always there: a shared secret."""

    def __init__(self, key: Key) -> None:
        self._key = key

    async def get(self, kid: str | None) -> Key | None:  # noqa: ARG002
        """Return the key; its id does not matter."""
        return self._key
