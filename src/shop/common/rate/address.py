"""The address of a caller: of the connection, or as the proxies in front of the service tell it."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, ip_address

from multidict import istr

FORWARDED = istr("X-Forwarded-For")


class Addresses:
    """``hops``: how many proxies stand in front, each of which adds whom it was called by.

    What stands further left was sent by the caller, who may write anything.
    """

    def __init__(self, hops: int) -> None:
        self.hops = hops

    def of(self, peer: str, forwarded: Sequence[str]) -> str | None:
        """Return who calls, from the connection's address and all X-Forwarded-For headers.

        None: the call came from inside, past the proxies; or they do not say who it is.
        """
        if not self.hops:
            return peer if ":" not in peer else _household(peer)
        told = [part.strip() for line in forwarded for part in line.split(",")]
        return _household(told[-self.hops]) if len(told) >= self.hops else None


@lru_cache(maxsize=8192)  # parsing takes ten times as long as all the rest
def _household(told: str) -> str | None:
    """Return an address as it is counted: of IPv6 the 64 bits that belong to one household."""
    try:
        address = ip_address(told)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or int(address) >> 64)
