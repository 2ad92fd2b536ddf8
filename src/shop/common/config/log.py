"""What is logged, and how."""

from dataclasses import dataclass

from environs import validate

from shop.common.settings import setting


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
