"""How a service finds the others and is found: through Consul, or at fixed places."""

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from ssl import SSLContext
from urllib.parse import urlsplit

from aiohttp import ClientSession
from prometheus_client import CollectorRegistry

from shop import __version__
from shop.common import peer, tls, trace
from shop.common.config import ConsulConfig, TlsConfig
from shop.common.errors import CannotStart
from shop.common.settings import ConfigError

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (not to listen on)
_ELSEWHERE = ("192.0.2.1", "2001:db8::1")  # for documents only (RFC 5737, RFC 3849)


Headers = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Peers:
    """The other services; ``zone``: where this one runs, None if nobody says.

    ``metrics``: who is told how the calls go, if anybody is. ``credentials``: the headers that say
    who calls, if any do.
    """

    resolver: peer.Resolver
    session: ClientSession
    zone: str | None = None
    breaker: peer.BreakerOptions = field(default_factory=peer.BreakerOptions)
    metrics: peer.PeerMetrics | None = None
    credentials: Headers | None = None
    _clients: list[peer.PeerClient] = field(default_factory=list)

    def client(self, service: str) -> peer.PeerClient:
        """Return what calls one of them, and hands on the trace of the request being served."""
        client = peer.PeerClient(
            service,
            self.resolver,
            self.session,
            options=peer.PeerOptions(zone=self.zone, breaker=self.breaker),
            headers=self._headers,
            listener=self.metrics,
        )
        self._clients.append(client)
        if self.metrics:
            self.metrics.show(client, self.resolver)
        return client

    def _headers(self) -> Mapping[str, str]:
        if self.credentials is None:
            return trace.outgoing()
        return {**trace.outgoing(), **self.credentials()}

    def views(self) -> list[tuple[peer.PeerView, peer.WatchView | None]]:
        """Return what each client knows now, and what the resolver knows of its service."""
        watches = self.resolver.views()
        views = [client.view() for client in self._clients]
        return [(view, watches.get(view.service)) for view in views]


def check(config: ConsulConfig) -> None:
    """Raise ConfigError where the configuration names no way to find the others."""
    if not config.peers and not config.url:
        raise ConfigError(
            "SHOP_PEERS: say where the other services are, or set SHOP_CONSUL_HTTP_ADDR."
        )
    _fixed(config)
    consul_options(config)


def consul_options(config: ConsulConfig) -> peer.ConsulOptions | None:
    """Return how Consul is reached, None if it is not; raise ConfigError where it cannot be."""
    if not config.url:
        return None
    urls = tuple(url.strip() for url in config.url.split(","))
    for url in urls:
        _check_address(url)
    return peer.ConsulOptions(urls, config.token, _tls(config))


def registration(
    name: str, config: ConsulConfig, host: str, port: int, scheme: str = "http"
) -> peer.Registration:
    """Return what Consul is told of an instance that listens there.

    Raises ConfigError where that is no address at which others could reach it, and CannotStart
    where it is to be found out and cannot be.
    """
    address = own_address() if config.advertise == "auto" else config.advertise or host
    if address in _EVERYWHERE:
        raise ConfigError(
            f"SHOP_ADVERTISE_ADDRESS: set the address at which others reach this service (or auto);"
            f" {address} is where it listens, and none to call."
        )
    zone = {"zone": config.zone} if config.zone else {}
    return peer.Registration(
        name,
        f"{name}-{address}-{port}",
        address,
        port,
        tags=(f"v{__version__}",),
        meta={"version": __version__, **zone},
        scheme=scheme,
    )


def own_address() -> str:
    """Return the address from which this machine (or container) reaches others by default.

    The system is asked for its route; nothing is sent. Raises CannotStart where there is none.
    """
    for elsewhere in _ELSEWHERE:
        family = socket.AF_INET6 if ":" in elsewhere else socket.AF_INET
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as unsent:
            unsent.connect((elsewhere, 9))
            return str(unsent.getsockname()[0])
    raise CannotStart("SHOP_ADVERTISE_ADDRESS: auto finds no way out of here; set the address")


@asynccontextmanager
async def opened(
    config: ConsulConfig,
    registry: CollectorRegistry | None = None,
    tls_config: TlsConfig | None = None,
    credentials: Headers | None = None,
) -> AsyncIterator[Peers]:
    """Give the other services, and close what finds and calls them at the end.

    ``registry``: where the calls are counted; None: nowhere. ``credentials``: the headers of each
    call that say who makes it; None: there are none. Raises ConfigError.
    """
    async with (
        tls.opened(tls_config or TlsConfig()) as certificates,
        peer.open_session(_session(certificates)) as session,
    ):
        resolver = _fixed(config) or _watching(config, session)
        try:
            metrics = peer.PeerMetrics(registry) if registry else None
            breaker = _breaker(config.open_max_s)
            yield Peers(resolver, session, config.zone or None, breaker, metrics, credentials)
        finally:
            await resolver.close()


def _session(certificates: tls.Certificates | None) -> peer.SessionOptions:
    return peer.SessionOptions(tls=certificates.client if certificates else None)


def _watching(config: ConsulConfig, session: ClientSession) -> peer.Resolver:
    consul = peer.ConsulClient(session, consul_options(config) or peer.ConsulOptions())
    options = peer.WatchOptions(failover_datacenters=config.failover_datacenters)
    return peer.ConsulResolver(consul, options)


def _fixed(config: ConsulConfig) -> peer.FixedResolver | None:
    try:
        return peer.FixedResolver.parse(config.peers) if config.peers else None
    except ValueError as error:
        raise ConfigError(f"SHOP_PEERS: {error}") from None


def _check_address(url: str) -> None:
    try:
        known = urlsplit(url).hostname and urlsplit(url).port != 0
    except ValueError:
        known = False
    if not known:
        raise ConfigError(f"SHOP_CONSUL_HTTP_ADDR: {url!r} is not an address like http://host:port")


def _tls(config: ConsulConfig) -> SSLContext | None:
    """Return what the files say; None without any: the session's own context will do."""
    variables = {
        config.key_file: "SHOP_CONSUL_CLIENT_KEY",
        config.cert_file: "SHOP_CONSUL_CLIENT_CERT",
        config.ca_file: "SHOP_CONSUL_CACERT",
    }
    if not any(variables):
        return None
    try:
        return peer.tls_context(config.ca_file, config.cert_file, config.key_file)
    except peer.TlsFileError as error:
        raise ConfigError(f"{variables[error.file]}: {error}") from None


def _breaker(open_max_s: float) -> peer.BreakerOptions:
    usual = peer.BreakerOptions()
    return replace(usual, open_first_s=min(usual.open_first_s, open_max_s), open_max_s=open_max_s)
