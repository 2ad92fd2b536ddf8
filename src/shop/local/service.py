"""The three services as programs: how an instance is started, and with what environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

# What would make all instances the same one, or lead them past Consul.
_NOT_INHERITED = {
    "SHOP_HTTP_HOST",
    "SHOP_HTTP_PORT",
    "SHOP_ADVERTISE_ADDRESS",
    "SHOP_MONGO_DATABASE",
    "SHOP_PEERS",
}


@dataclass(frozen=True)
class Service:
    """A service: its name in Consul, the port of its first instance, the command that runs it."""

    name: str
    port: int
    command: tuple[str, ...]


SERVICES = tuple(
    Service(name, port, (sys.executable, "-m", f"shop.{name}"))
    for name, port in (("customer", 8001), ("product", 8002), ("order", 8003))
)


def environment(
    port: int, servers: Mapping[str, str], keys: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of an instance; ``servers`` maps variables to addresses.

    ``keys`` are variables, too; what this process was told of keys comes before them.

    Addresses go this way, and not as flags, since they may hold passwords.
    """
    usual = {
        "SHOP_DEBUG_PEERS": "true",  # for ``python -m shop peers``
        "SHOP_LINGER_S": "0.3",  # on one machine, callers hear of a stop in milliseconds
    }
    inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
    own = {
        "SHOP_HTTP_HOST": "127.0.0.1",
        "SHOP_HTTP_PORT": str(port),
        "SHOP_ADVERTISE_ADDRESS": "127.0.0.1",
    }
    return {**usual, **(keys or {}), **inherited, **own, **servers}
