"""A look at what Redis or a loader has, for who waits in no task: the reply calls them.

What such a read costs matters here: a future, the task that it wakes and the coroutines in between
are half of that.
"""

import asyncio
from collections import deque
from time import monotonic

from shop.common.cache.absence import AWAY, Absence
from shop.common.cache.loader import Loader
from shop.common.cache.outcomes import HIT
from shop.common.cache.store import RedisStore
from shop.common.representation import Representation, Told

_PATIENCE_S = 0.25

ABSENT = b"-"
"""The value that says that there is nothing."""


def shown(found: bytes | None) -> Representation | None:
    """Return the resource in what Redis has; None: it is a mark, or nothing that is known."""
    _, _, value = (found or b"").partition(b"\n")
    if not value or value == ABSENT:
        return None
    try:
        return Representation.unpack(value)
    except ValueError:  # a read says what is wrong
        return None


class RedisGlance:
    """Satisfies ``Glance``. ``reads``: where hits are counted."""

    def __init__(self, store: RedisStore, absence: Absence, reads: dict[str, int]) -> None:
        self._store = store
        self._absence = absence
        self._reads = reads

    def ask(self, key: str, told: Told) -> bool:
        """Have ``told`` called with what is there, or with None; False while Redis is away."""
        if self._absence.goes_on:
            return False
        self._store.look(key, _Look(self._absence, told, self._reads))
        return True


class _Look:
    """One reply of Redis, on its way to who asked."""

    __slots__ = ("_absence", "_reads", "_told")

    def __init__(self, absence: Absence, told: Told, reads: dict[str, int]) -> None:
        self._absence = absence
        self._told = told
        self._reads = reads

    def done(self) -> bool:
        """Say that it is waited for still."""
        return False

    def set_result(self, found: bytes | None) -> None:
        """Hand it on; what is not known is asked once more, by a read, which counts it."""
        resource = shown(found)
        if resource is not None:
            self._reads[HIT] += 1
        self._told(resource)

    def set_exception(self, error: Exception) -> None:
        """Take note that Redis is away, and that nothing is known."""
        if isinstance(error, AWAY):
            self._absence.begin(error)
        self._told(None)


class LoaderGlance:
    """Satisfies ``Glance`` where there is no cache: what a loader finds at once.

    All wait for equally long, so one timer, for who has waited longest, is enough.
    """

    def __init__(self, loader: Loader[Representation]) -> None:
        self._loader = loader
        self._waiting: deque[_Load] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, key: str, told: Told) -> bool:
        """Have ``told`` called with what is found, or with None where that takes long or fails."""
        load = _Load(told, monotonic() + _PATIENCE_S)
        self._waiting.append(load)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE_S, self._look)
        self._loader.send(key, load)
        return True

    def _look(self) -> None:
        """Give up those that have waited long enough; look again when the next one has."""
        now_s, self._timer = monotonic(), None
        while self._waiting and (self._waiting[0].done() or self._waiting[0].until_s <= now_s):
            self._waiting.popleft().end(None)
        if self._waiting:
            after_s = self._waiting[0].until_s - now_s
            self._timer = asyncio.get_running_loop().call_later(after_s, self._look)


class _Load:
    """One outcome of a loader, on its way to who asked."""

    __slots__ = ("_told", "until_s")

    def __init__(self, told: Told, until_s: float) -> None:
        self.until_s = until_s
        self._told: Told | None = told

    def done(self) -> bool:
        """Tell whether who asked was told."""
        return self._told is None

    def set_result(self, found: Representation) -> None:
        """Hand it on."""
        self.end(found)

    def set_exception(self, _: Exception) -> None:
        """Leave it to a read to say what is wrong."""
        self.end(None)

    def end(self, found: Representation | None) -> None:
        """Tell who asked, if nobody has."""
        told, self._told = self._told, None
        if told:
            told(found)
