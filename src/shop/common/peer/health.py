"""What a watch asks of Consul, and what it is answered."""

from dataclasses import dataclass
from typing import Protocol

from .instance import Instance
from .selection import ANY, Selection


@dataclass(frozen=True)
class Passing:
    """The passing instances of a service, sorted by id, and the index of this state.

    ``lag_s``: how long ago the server that answered had last heard from its leader.
    """

    index: int
    instances: tuple[Instance, ...]
    lag_s: float = 0.0


class Health(Protocol):
    """What a watch needs of Consul."""

    async def passing(
        self,
        service: str,
        index: int = 0,
        wait_s: float = 0.0,
        *,
        datacenter: str | None = None,
        selection: Selection = ANY,
    ) -> Passing:
        """Return who is well; with an index, wait for a change. May raise ConsulUnavailable."""
        ...
