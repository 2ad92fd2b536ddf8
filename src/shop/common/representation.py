"""A resource as it goes over the wire: encoded once, cached and sent as it is."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Representation(NamedTuple):
    """The JSON bytes of a resource, and the version they show (its ETag).

    A tuple: one is made for each read, and a frozen dataclass takes three times as long to make.
    """

    version: int
    body: bytes

    def pack(self) -> bytes:
        """Return it as one value for a cache."""
        return b"%d\n%b" % (self.version, self.body)

    @classmethod
    def unpack(cls, value: bytes) -> "Representation":
        """Return what ``pack`` was given; raise ValueError if the value is not one of its."""
        version, _, body = value.partition(b"\n")
        return cls(int(version), body)


class Listed(NamedTuple):
    """An item of a list: its id, and what is shown of it."""

    id: str
    shown: Representation


Told = Callable[[Representation | None], None]
"""Is given what is there; None: nothing that could be shown without a load."""


class Glance(Protocol):
    """A look at what is at hand, without a task that waits for it."""

    def ask(self, key: str, told: Told) -> bool:
        """Call ``told`` once, later and shortly; or return False: there is nothing to look at."""
