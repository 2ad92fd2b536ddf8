"""The HTTP session that calls to peers share."""

import ssl
from dataclasses import dataclass, field

import aiohttp


@dataclass(frozen=True)
class SessionOptions:
    """``idle_s`` must be less than the peers' own keep-alive, or a call meets a closed door.

    ``tls``: for peers at https addresses; None: the system's authorities.
    """

    connections: int = 512
    connections_per_instance: int = 128
    idle_s: float = 30.0
    connect_timeout_s: float = 1.0
    tls: ssl.SSLContext | None = field(default=None, repr=False)


def open_session(options: SessionOptions = SessionOptions()) -> aiohttp.ClientSession:
    """Open a session for PeerClient and ConsulClient; the caller closes it. Needs a running loop.

    It has no timeout of its own except for connecting: every call brings its deadline, and one
    ``asyncio.timeout`` per attempt costs less than a ClientTimeout.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=options.connections,
            limit_per_host=options.connections_per_instance,
            keepalive_timeout=options.idle_s,
            ssl=options.tls or True,
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
