"""Which of several instances takes the next call."""

from collections.abc import Collection, Sequence
from random import Random, SystemRandom
from typing import Protocol

from .instance import Instance


class Balancer(Protocol):
    """Chooses an instance; one balancer serves one client."""

    def pick(self, instances: Sequence[Instance], avoid: Collection[Instance] = ()) -> Instance:
        """Return one of the instances (there is at least one), if possible none of ``avoid``."""
        ...


class RoundRobin:
    """Each in its turn. The first is drawn, so that clients that start together do not march."""

    def __init__(self, rng: Random | None = None) -> None:
        self._turn = (rng or SystemRandom()).randrange(2**16)

    def pick(self, instances: Sequence[Instance], avoid: Collection[Instance] = ()) -> Instance:
        """Return the next one, or one of the others if there are some to avoid.

        Only a call's first choice takes a turn. If its second did too, then with one of two
        instances dead every call would begin with the dead one.
        """
        if avoid:
            instances = [each for each in instances if each not in avoid] or instances
        else:
            self._turn += 1
        return instances[self._turn % len(instances)]
