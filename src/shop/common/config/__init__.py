"""Configuration: what a service is told, one frozen dataclass per concern."""

from shop.common.config.auth import AuthConfig
from shop.common.config.feed import FeedConfig
from shop.common.config.http import HttpConfig
from shop.common.config.log import LogConfig
from shop.common.config.others import ConsulConfig, TlsConfig
from shop.common.config.service import ServiceConfig
from shop.common.config.stores import MongoConfig, RedisConfig

__all__ = [
    "AuthConfig",
    "ConsulConfig",
    "FeedConfig",
    "HttpConfig",
    "LogConfig",
    "MongoConfig",
    "RedisConfig",
    "ServiceConfig",
    "TlsConfig",
]
