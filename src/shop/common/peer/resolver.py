"""Which instances a service has: the interface, and a list that never changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from .instance import Instance


@dataclass(frozen=True)
class WatchView:
    """How well a service is known.

    ``age_s``: since when nothing was heard of it. While Consul is well but has no news, that grows
    up to the watch's ``wait_s`` and falls back to nothing. Before the first answer it counts from
    the beginning. ``connected``: the last query was answered. ``datacenter``: where the instances
    are; None: in the own one.
    """

    instances: int
    age_s: float
    connected: bool
    datacenter: str | None = None


class Resolver(Protocol):
    """Knows where services run."""

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances that are thought to be well, none if none is known.

        It is the same object until something changes. Raises DeadlineExceeded if the current
        deadline passes before anything at all is known.
        """
        ...

    def known(self, service: str) -> Sequence[Instance]:
        """Return what ``resolve`` would, without waiting; none before it was called once."""
        ...

    def views(self) -> Mapping[str, WatchView]:
        """Return how well each service is known that was asked for."""
        ...

    async def close(self) -> None:
        """Stop looking; what was known stays known."""
        ...


class FixedResolver:
    """Instances that are given once: for tests, and where there is no Consul."""

    def __init__(self, instances: Iterable[Instance]) -> None:
        self._known: dict[str, tuple[Instance, ...]] = {}
        for instance in instances:
            self._known[instance.service] = (*self._known.get(instance.service, ()), instance)

    @classmethod
    def parse(cls, text: str) -> "FixedResolver":
        """Read ``customer=http://a:1,customer=http://b:2,product=http://c:3``.

        Raises ValueError, saying which part is wrong and why.
        """
        instances = [_parse_one(part.strip()) for part in text.split(",") if part.strip()]
        for number, instance in enumerate(instances):
            if instance in instances[:number]:
                raise ValueError(f"{instance.service}={instance.url} is named twice")
        return cls(instances)

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances that were given for the service."""
        return self.known(service)

    def known(self, service: str) -> Sequence[Instance]:
        """Return the instances that were given for the service."""
        return self._known.get(service, ())

    def views(self) -> Mapping[str, WatchView]:
        """Return a view of each service; it never ages."""
        return {name: WatchView(len(known), 0.0, True) for name, known in self._known.items()}

    async def close(self) -> None:
        """Do nothing: there is nothing to stop."""


def _parse_one(part: str) -> Instance:
    service, equals, url = (piece.strip() for piece in part.partition("="))
    if not equals or not service or not url:
        raise ValueError(f"{part!r} is not of the form service=http://host:port")
    try:
        pieces = urlsplit(url)
        if pieces.scheme not in ("http", "https") or not pieces.hostname or pieces.port == 0:
            raise ValueError("not http://host:port")
    except ValueError as error:
        raise ValueError(f"{url!r} of {service} is not a URL like http://host:port") from error
    if pieces.query or pieces.fragment or pieces.username is not None:
        raise ValueError(f"{url!r} of {service} may not hold a user, a query or a fragment")
    url = url.rstrip("/")
    return Instance(service, id=url.partition("://")[2], url=url)
