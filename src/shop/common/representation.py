"""A resource as it goes over the wire: encoded once, cached and sent as it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Representation:
    """The JSON bytes of a resource, and the version they show (its ETag)."""

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
