"""Reads by id, those of one tick of the loop in one query: what is not in the cache.

(The DataLoader of GraphQL servers, https://github.com/graphql/dataloader, without its cache.)
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from shop.common.errors import ShopError
from shop.common.gathered import Gathered, name_of
from shop.common.waiting import Waiting

T = TypeVar("T")

_PATIENCE_S = 0.1  # a query that takes longer holds up no other


class Loader(Generic[T]):
    """Looks things up by id, with ``find``, which returns those that there are.

    Each caller is given their own, never read before they asked; or told, by the error that
    ``absent`` makes, that there is none. An error of ``find`` is as in ``Gathered``: a ShopError
    is told to all who were in that query, after any other each is looked up alone.
    """

    def __init__(
        self,
        find: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]],
        absent: Callable[[str], ShopError],
    ) -> None:
        self._find = find
        self._absent = absent
        self._look = Gathered(self._look_together, patience_s=_PATIENCE_S, name=name_of(find))

    async def __call__(self, key: str) -> T:
        """Return the one with this id; raise what ``absent`` makes, or DeadlineExceeded."""
        return await self._look(key)

    def send(self, key: str, waiting: Waiting[T]) -> None:
        """Have ``waiting`` told what a call returns or raises; its time is not bounded."""
        self._look.send(key, waiting)

    async def _look_together(self, keys: Sequence[str]) -> Sequence[T | Exception]:
        found = await self._find(list(dict.fromkeys(keys)))
        return [found[key] if key in found else self._absent(key) for key in keys]
