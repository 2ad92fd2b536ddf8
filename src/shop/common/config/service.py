"""All that each of the three services is told."""

from dataclasses import dataclass, field

from shop.common.config.auth import AuthConfig
from shop.common.config.http import HttpConfig
from shop.common.config.log import LogConfig
from shop.common.config.others import ConsulConfig, TlsConfig
from shop.common.config.stores import MongoConfig, RedisConfig


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
