"""Where a service listens, and what it takes."""

from dataclasses import dataclass

from environs import validate

from shop.common.config.checks import AT_LEAST_ONE, PAUSE, PORT, RATE, SECONDS, WORKERS
from shop.common.settings import setting


@dataclass(frozen=True)
class HttpConfig:
    """Where a service listens, and what it takes."""

    host: str = setting("SHOP_HTTP_HOST", "127.0.0.1", "address to listen on", flag="--host")
    port: int = setting(
        "SHOP_HTTP_PORT", 0, "port to listen on; 0: a free one", flag="--port", check=PORT
    )
    workers: int = setting(
        "SHOP_WORKERS",
        1,
        "how many processes, each an instance; all but the first on free ports",
        flag="--workers",
        check=WORKERS,
    )
    request_timeout_s: float = setting(
        "SHOP_REQUEST_TIMEOUT_S",
        10.0,
        "the most time one request is given, in seconds",
        check=SECONDS,
    )
    max_in_flight: int = setting(
        "SHOP_HTTP_MAX_IN_FLIGHT",
        256,
        "how many requests are served at once; more are refused",
        check=AT_LEAST_ONE,
    )
    max_connections: int = setting(
        "SHOP_HTTP_MAX_CONNECTIONS",
        4096,
        "how many connections are held at once; more are refused",
        check=AT_LEAST_ONE,
    )
    idle_timeout_s: float = setting(
        "SHOP_HTTP_IDLE_TIMEOUT_S",
        75.0,
        "how long a connection without a request is kept, in seconds; callers must give up sooner",
        check=SECONDS,
    )
    head_timeout_s: float = setting(
        "SHOP_HTTP_HEAD_TIMEOUT_S",
        10.0,
        "how long the head of a request may take to arrive, in seconds",
        check=SECONDS,
    )
    body_timeout_s: float = setting(
        "SHOP_HTTP_BODY_TIMEOUT_S",
        5.0,
        "how long the body of a request may take to arrive, in seconds",
        check=SECONDS,
    )
    unread_timeout_s: float = setting(
        "SHOP_HTTP_UNREAD_TIMEOUT_S",
        30.0,
        "how long a client may be behind with reading its answers before it is cut, in seconds",
        check=SECONDS,
    )
    rate_reads: float = setting(
        "SHOP_RATE_READS",
        0.0,
        "how many reads per second one caller may send, in the long run; 0: any",
        check=RATE,
    )
    rate_writes: float = setting(
        "SHOP_RATE_WRITES",
        0.0,
        "how many writes per second one caller may send, in the long run; 0: any",
        check=RATE,
    )
    rate_burst_s: float = setting(
        "SHOP_RATE_BURST_S",
        10.0,
        "how many seconds' worth of that may come at once",
        check=SECONDS,
    )
    trusted_hops: int = setting(
        "SHOP_TRUSTED_HOPS",
        0,
        "how many proxies stand in front, each adding to X-Forwarded-For whom it was called by",
        check=validate.Range(0, 10),
    )
    linger_s: float = setting(
        "SHOP_LINGER_S",
        1.0,
        "how long a stop goes on accepting after Consul was told, in seconds; without Consul: 0",
        check=PAUSE,
    )
    drain_timeout_s: float = setting(
        "SHOP_DRAIN_TIMEOUT_S",
        20.0,
        "how long a stop waits for requests in flight, in seconds",
        check=SECONDS,
    )
    cors_origins: tuple[str, ...] = setting(
        "SHOP_CORS_ORIGINS", (), "browser origins that may call, by comma; *: any; empty: none"
    )
    request_log: bool = setting("SHOP_REQUEST_LOG", True, "off: no line of log for each request")
    metrics: bool = setting("SHOP_METRICS", True, "off: requests are not measured, no /metrics")
    debug_peers: bool = setting(
        "SHOP_DEBUG_PEERS", False, "true: show at /debug/peers what is known of other services"
    )
