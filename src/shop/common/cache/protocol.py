"""What a store that keeps encoded resources promises to those in front of a database."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from shop.common.errors import NotFound
from shop.common.representation import Glance, Representation

Load = Callable[[], Awaitable[Representation]]

Absent = Callable[[], NotFound]
"""Makes what is raised for a resource that is known not to be there."""


class Cache(Protocol):
    """Where encoded resources are kept on their way out.

    ``glance``: looks at what is kept, and loads nothing; None where nothing is kept.
    """

    @property
    def glance(self) -> Glance | None:
        """Return it."""

    async def read(self, key: str, load: Load, absent: Absent | None = None) -> Representation:
        """Return the resource from the cache, or else from ``load``, whose errors pass.

        With ``absent``, NotFound is kept too, for a short time: then whoever makes a resource of
        this key has to tell ``written``, as for any other write.
        """

    async def written(self, key: str) -> None:
        """Let no reader be given from now on what was there before the write that just ended."""


class writing:  # noqa: N801  # a context manager; a generator would cost thrice as much
    """Mark these keys when the write inside has ended, in whatever way: it may have been made."""

    __slots__ = ("_cache", "_keys")

    def __init__(self, cache: Cache, *keys: str) -> None:
        self._cache = cache
        self._keys = keys

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, *_: object) -> None:
        """Mark them."""
        for key in self._keys:
            await self._cache.written(key)


class NoCache:
    """The cache of a service that has none: every read is a load."""

    glance = None

    async def read(self, key: str, load: Load, absent: Absent | None = None) -> Representation:  # noqa: ARG002
        """Load."""
        return await load()

    async def written(self, key: str) -> None:
        """Do nothing: nothing is kept."""
