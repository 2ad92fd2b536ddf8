"""Equal reads of one moment, made once.

Callers of the same tick share a read; who comes while it is under way shares the next one with all
who come until that begins. So nobody is given what was read before they asked, and the more callers
want the same, the less each one costs. Nothing is kept: this is no cache.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from shop.common.gathered import Gathered, name_of

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

_PATIENCE_S = 0.1  # a read that takes longer holds up no other


class Shared(Generic[K, R]):
    """Reads by ``read``, of which equal ones are one; its errors are as in ``Gathered``.

    What it returns is given to several callers: it must not be changed by any.
    """

    def __init__(self, read: Callable[[K], Awaitable[R]]) -> None:
        self._read = read
        self._under_way: dict[K, Gathered[K, R]] = {}

    async def __call__(self, key: K) -> R:
        """Return what is read by this key; raise DeadlineExceeded when the caller has no time."""
        gathered = self._under_way.get(key)
        if gathered is None:
            gathered = Gathered(self._once, patience_s=_PATIENCE_S, name=name_of(self._read))
            self._under_way[key] = gathered
        try:
            return await gathered(key)
        finally:
            if not gathered.busy and self._under_way.get(key) is gathered:
                del self._under_way[key]

    async def _once(self, askers: Sequence[K]) -> Sequence[R | Exception]:
        return [await self._read(askers[0])] * len(askers)
