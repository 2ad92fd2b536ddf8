"""A part of the instances for each client, so that all instances have equally many clients."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def subset(instances: Sequence[T], client: int, size: int) -> Sequence[T]:
    """Return the instances of one client, of all clients numbered from 0.

    Deterministic subsetting of Google's SRE book ("Load Balancing in the Datacenter"): clients come
    in rounds, each round deals out a shuffled list once.
    """
    parts = max(1, len(instances) // size)
    dealt = list(instances)
    Random(client // parts).shuffle(dealt)
    begin = client % parts * size
    return dealt[begin : begin + size]
