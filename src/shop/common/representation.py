"""A resource as it goes over the wire: encoded once, cached and sent as it is."""

from typing import NamedTuple


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
