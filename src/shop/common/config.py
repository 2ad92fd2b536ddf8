"""Configuration: what a service is told, one frozen dataclass per concern."""

from dataclasses import dataclass, field

from environs import validate

from shop.common.settings import setting

_PORT = validate.Range(0, 65535)
_AT_LEAST_ONE = validate.Range(1, 1_000_000)
_WORKERS = validate.Range(1, 64)
_PAUSE = validate.Range(0, 60)
_RATE = validate.Range(0, 1_000_000)
_SECONDS = validate.Range(0.001, 86400)
_MONGO = validate.Regexp(
    r"mongodb(\+srv)?://[^/]", error="must begin with mongodb:// or mongodb+srv://, then a host"
)
_DATABASE = validate.Regexp(
    r"[A-Za-z0-9_-]{1,63}\Z", error="must have 1 to 63 letters, digits, hyphens or underscores"
)
_REDIS = validate.Regexp(
    r"(rediss?://.|\Z)", error="must begin with redis:// or rediss://, or be empty"
)
_HTTP = validate.Regexp(
    r"(https?://[^\s,/][^\s,]*(\s*,\s*https?://[^\s,/][^\s,]*)*)?\Z",
    error="must be http:// or https:// addresses, by comma, or be empty",
)


@dataclass(frozen=True)
class HttpConfig:
    """Where a service listens, and what it takes."""

    host: str = setting("SHOP_HTTP_HOST", "127.0.0.1", "address to listen on", flag="--host")
    port: int = setting(
        "SHOP_HTTP_PORT", 0, "port to listen on; 0: a free one", flag="--port", check=_PORT
    )
    workers: int = setting(
        "SHOP_WORKERS",
        1,
        "how many processes, each an instance; all but the first on free ports",
        flag="--workers",
        check=_WORKERS,
    )
    request_timeout_s: float = setting(
        "SHOP_REQUEST_TIMEOUT_S",
        10.0,
        "the most time one request is given, in seconds",
        check=_SECONDS,
    )
    max_in_flight: int = setting(
        "SHOP_HTTP_MAX_IN_FLIGHT",
        256,
        "how many requests are served at once; more are refused",
        check=_AT_LEAST_ONE,
    )
    max_connections: int = setting(
        "SHOP_HTTP_MAX_CONNECTIONS",
        4096,
        "how many connections are held at once; more are refused",
        check=_AT_LEAST_ONE,
    )
    idle_timeout_s: float = setting(
        "SHOP_HTTP_IDLE_TIMEOUT_S",
        75.0,
        "how long a connection without a request is kept, in seconds; callers must give up sooner",
        check=_SECONDS,
    )
    head_timeout_s: float = setting(
        "SHOP_HTTP_HEAD_TIMEOUT_S",
        10.0,
        "how long the head of a request may take to arrive, in seconds",
        check=_SECONDS,
    )
    body_timeout_s: float = setting(
        "SHOP_HTTP_BODY_TIMEOUT_S",
        5.0,
        "how long the body of a request may take to arrive, in seconds",
        check=_SECONDS,
    )
    unread_timeout_s: float = setting(
        "SHOP_HTTP_UNREAD_TIMEOUT_S",
        30.0,
        "how long a client may be behind with reading its answers before it is cut, in seconds",
        check=_SECONDS,
    )
    rate_reads: float = setting(
        "SHOP_RATE_READS",
        0.0,
        "how many reads per second one caller may send, in the long run; 0: any",
        check=_RATE,
    )
    rate_writes: float = setting(
        "SHOP_RATE_WRITES",
        0.0,
        "how many writes per second one caller may send, in the long run; 0: any",
        check=_RATE,
    )
    rate_burst_s: float = setting(
        "SHOP_RATE_BURST_S",
        10.0,
        "how many seconds' worth of that may come at once",
        check=_SECONDS,
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
        check=_PAUSE,
    )
    drain_timeout_s: float = setting(
        "SHOP_DRAIN_TIMEOUT_S",
        20.0,
        "how long a stop waits for requests in flight, in seconds",
        check=_SECONDS,
    )
    cors_origins: tuple[str, ...] = setting(
        "SHOP_CORS_ORIGINS", (), "browser origins that may call, by comma; *: any; empty: none"
    )
    request_log: bool = setting("SHOP_REQUEST_LOG", True, "off: no line of log for each request")
    metrics: bool = setting("SHOP_METRICS", True, "off: requests are not measured, no /metrics")
    debug_peers: bool = setting(
        "SHOP_DEBUG_PEERS", False, "true: show at /debug/peers what is known of other services"
    )


@dataclass(frozen=True)
class MongoConfig:
    """The database of one service."""

    uri: str = setting(
        "SHOP_MONGO_URI",
        "mongodb://127.0.0.1:27017",
        "mongodb:// or mongodb+srv:// address",
        flag="--mongo",
        secret=True,
        check=_MONGO,
    )
    database: str = setting(
        "SHOP_MONGO_DATABASE", "shop", "database name", flag="--database", check=_DATABASE
    )
    timeout_s: float = setting(
        "SHOP_MONGO_TIMEOUT_S",
        5.0,
        "the most time one operation is given, in seconds",
        check=_SECONDS,
    )


@dataclass(frozen=True)
class RedisConfig:
    """The cache in front of the database's reads by id."""

    url: str = setting(
        "SHOP_REDIS_URL",
        "redis://127.0.0.1:6379",
        "redis:// or rediss:// address; empty: no cache",
        flag="--redis",
        secret=True,
        check=_REDIS,
    )
    timeout_s: float = setting(
        "SHOP_REDIS_TIMEOUT_S", 0.25, "the longest wait for the cache, in seconds", check=_SECONDS
    )
    ttl_s: float = setting(
        "SHOP_CACHE_TTL_S", 60.0, "how long a cached resource lives, in seconds", check=_SECONDS
    )


@dataclass(frozen=True)
class ConsulConfig:
    """Where the service announces itself and finds the others."""

    url: str = setting(
        "SHOP_CONSUL_HTTP_ADDR",
        "http://127.0.0.1:8500",
        "address of the Consul agent; several by comma: the next where one is away; empty: none",
        flag="--consul",
        check=_HTTP,
    )
    token: str = setting("SHOP_CONSUL_HTTP_TOKEN", "", "ACL token for it", secret=True)
    ca_file: str = setting(
        "SHOP_CONSUL_CACERT", "", "PEM file of whom to trust as Consul; empty: the system's"
    )
    cert_file: str = setting(
        "SHOP_CONSUL_CLIENT_CERT", "", "PEM file of the certificate to show to Consul"
    )
    key_file: str = setting(
        "SHOP_CONSUL_CLIENT_KEY", "", "PEM file of its key, if that stands in another file"
    )
    failover_datacenters: tuple[str, ...] = setting(
        "SHOP_CONSUL_FAILOVER_DCS",
        (),
        "datacenters to look in, by comma, while the own one has no instance; empty: none",
    )
    zone: str = setting(
        "SHOP_ZONE", "", "where this runs: told to others, and preferred among them; empty: none"
    )
    advertise: str = setting(
        "SHOP_ADVERTISE_ADDRESS",
        "",
        "address told to others; empty: the one listened on; auto: that of the default route",
        flag="--advertise",
    )
    peers: str = setting(
        "SHOP_PEERS",
        "",
        "fixed addresses instead of Consul: customer=http://...,product=http://...",
        flag="--peers",
    )
    open_max_s: float = setting(
        "SHOP_PEER_OPEN_MAX_S",
        5.0,
        "the longest that an instance which failed is left alone, in seconds",
        check=_SECONDS,
    )


@dataclass(frozen=True)
class TlsConfig:
    """The certificate by which the service is known to the others, and by which it knows them."""

    cert_file: str = setting(
        "SHOP_TLS_CERT", "", "PEM file of the service's certificate; empty: plain HTTP"
    )
    key_file: str = setting(
        "SHOP_TLS_KEY", "", "PEM file of its key, if that stands in another file"
    )
    ca_file: str = setting(
        "SHOP_TLS_CA",
        "",
        "PEM file of the authority of all services: only who has a certificate of it may call",
    )


@dataclass(frozen=True)
class AuthConfig:
    """Whose tokens are taken, and by which key the service shows others who it is."""

    required: bool = setting(
        "SHOP_AUTH", True, "off: no tokens are asked for, and everyone may do everything"
    )
    off_anywhere: bool = setting(
        "SHOP_AUTH_OFF_ANYWHERE",
        False,
        "true: SHOP_AUTH=off is taken where others than this machine can call, too",
    )
    issuers: tuple[str, ...] = setting(
        "SHOP_AUTH_ISSUERS",
        (),
        "who gives shoppers and staff their tokens, by comma: issuer=keys, where keys are an "
        "https:// address of a JWKS, or a file of a JWKS or of public keys in PEM",
    )
    services: tuple[str, ...] = setting(
        "SHOP_AUTH_SERVICES",
        (),
        "services that may call, by comma: name=keys, with the keys as above",
    )
    audience: str = setting("SHOP_AUTH_AUDIENCE", "shop", "whom tokens must be meant for (aud)")
    service_key: str = setting(
        "SHOP_AUTH_SERVICE_KEY",
        "",
        "private key in PEM (EC P-256 or RSA) by which this service signs its own tokens",
        secret=True,
    )
    hs256_secret: str = setting(
        "SHOP_AUTH_HS256_SECRET",
        "",
        "for development: a secret of 32 bytes or more that signs tokens of all kinds",
        secret=True,
    )


@dataclass(frozen=True)
class LogConfig:
    """What is logged, and how."""

    level: str = setting(
        "SHOP_LOG_LEVEL",
        "info",
        "debug, info, warning or error",
        check=validate.OneOf(["debug", "info", "warning", "error"]),
    )
    format: str = setting(
        "SHOP_LOG_FORMAT",
        "auto",
        "json, console, or auto: console in a terminal",
        check=validate.OneOf(["auto", "json", "console"]),
    )


@dataclass(frozen=True)
class FeedConfig:
    """The live feed of a service that has one."""

    listeners: int = setting(
        "SHOP_FEED_LISTENERS",
        500,
        "how many follow the feed at once; more are refused",
        check=_AT_LEAST_ONE,
    )
    buffer_bytes: int = setting(
        "SHOP_FEED_BUFFER_BYTES",
        8 * 1024 * 1024,
        "how much is kept for those that are slower than the others, in bytes",
        check=validate.Range(1024, 2**40),
    )
    heartbeat_s: float = setting(
        "SHOP_FEED_HEARTBEAT_S",
        10.0,
        "after so long without an event a sign of life is sent, in seconds",
        check=_SECONDS,
    )
    write_timeout_s: float = setting(
        "SHOP_FEED_WRITE_TIMEOUT_S",
        20.0,
        "one that takes nothing for so long is cut off, in seconds",
        check=_SECONDS,
    )
    lifetime_s: float = setting(
        "SHOP_FEED_LIFETIME_S",
        3600.0,
        "after so long a stream ends, and its reader comes again, in seconds",
        check=_SECONDS,
    )


@dataclass(frozen=True)
class ServiceConfig:
    """What each of the three services is told; a service with more to tell derives from it."""

    http: HttpConfig
    mongo: MongoConfig
    redis: RedisConfig
    consul: ConsulConfig
    log: LogConfig
    auth: AuthConfig
    tls: TlsConfig = field(default_factory=TlsConfig, kw_only=True)
