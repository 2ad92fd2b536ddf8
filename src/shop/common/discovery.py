"""How a service finds the others, as its configuration says: through Consul, or at fixed places."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession

from shop.common import peer, trace
from shop.common.config import ConsulConfig
from shop.common.settings import ConfigError


@dataclass(frozen=True)
class Peers:
    """The other services."""

    resolver: peer.Resolver
    session: ClientSession

    def client(self, service: str) -> peer.PeerClient:
        """Return what calls one of them, and hands on the trace of the request being served."""
        return peer.PeerClient(service, self.resolver, self.session, headers=trace.outgoing)


def check(config: ConsulConfig) -> None:
    """Raise ConfigError where the configuration names no way to find the others."""
    if not config.peers and not config.url:
        raise ConfigError(
            "SHOP_PEERS: say where the other services are, or set SHOP_CONSUL_HTTP_ADDR."
        )
    _fixed(config)


@asynccontextmanager
async def opened(config: ConsulConfig) -> AsyncIterator[Peers]:
    """Give the other services, and close what finds and calls them at the end."""
    async with peer.open_session() as session:
        consul = peer.ConsulClient(session, peer.ConsulOptions(config.url, config.token))
        resolver: peer.Resolver = _fixed(config) or peer.ConsulResolver(consul)
        try:
            yield Peers(resolver, session)
        finally:
            await resolver.close()


def _fixed(config: ConsulConfig) -> peer.FixedResolver | None:
    try:
        return peer.FixedResolver.parse(config.peers) if config.peers else None
    except ValueError as error:
        raise ConfigError(f"SHOP_PEERS: {error}") from None
