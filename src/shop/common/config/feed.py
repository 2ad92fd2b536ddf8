"""The live feed of a service that has one."""

from dataclasses import dataclass

from environs import validate

from shop.common.config.checks import AT_LEAST_ONE, SECONDS
from shop.common.settings import setting


@dataclass(frozen=True)
class FeedConfig:
    """The live feed of a service that has one."""

    listeners: int = setting(
        "SHOP_FEED_LISTENERS",
        500,
        "how many follow the feed at once; more are refused",
        check=AT_LEAST_ONE,
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
        check=SECONDS,
    )
    write_timeout_s: float = setting(
        "SHOP_FEED_WRITE_TIMEOUT_S",
        20.0,
        "one that takes nothing for so long is cut off, in seconds",
        check=SECONDS,
    )
    lifetime_s: float = setting(
        "SHOP_FEED_LIFETIME_S",
        3600.0,
        "after so long a stream ends, and its reader comes again, in seconds",
        check=SECONDS,
    )
