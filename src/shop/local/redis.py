"""Valkey or Redis, as a cache: nothing is written to disk, the least used goes first."""

from pathlib import Path

from redis.asyncio import Redis as Client
from redis.exceptions import RedisError

from shop.local.binaries import VALKEY


class Redis:
    """Starts valkey-server or redis-server."""

    name = "redis"
    title = "Valkey/Redis"
    variable = "SHOP_REDIS_URL"
    port = 6379
    binary = VALKEY

    def url(self, port: int) -> str:
        """Return the address that the services are given."""
        return f"redis://127.0.0.1:{port}/0"

    def command(self, program: Path, port: int, data: Path) -> list[str]:
        """Return the command."""
        options = {
            "--bind": "127.0.0.1",
            "--port": str(port),
            "--dir": str(data),
            "--save": "",
            "--appendonly": "no",
            "--maxmemory": "256mb",
            "--maxmemory-policy": "allkeys-lru",
        }
        return [str(program), *(part for option in options.items() for part in option)]

    async def prepare(self, url: str) -> None:
        """Do nothing: it is ready when it answers."""

    async def ready(self, url: str) -> bool:
        """Say whether it answers."""
        client = Client.from_url(url, socket_connect_timeout=1, socket_timeout=1)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()
