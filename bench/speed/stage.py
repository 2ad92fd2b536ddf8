"""MongoDB, Valkey or Redis, and Consul of their own, on free ports, in a folder that is removed."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from shop.local.consul import Consul
from shop.local.home import Home
from shop.local.mongo import Mongo
from shop.local.process import Process
from shop.local.progress import Progress
from shop.local.redis import Redis
from shop.local.stack import Stack

CACHE_GB = "1.5"


class RoomyMongo(Mongo):
    """With room for a million documents: what is compared is the shops, not the disk."""

    def command(self, program: Path, port: int, data: Path) -> list[str]:
        command = super().command(program, port, data)
        command[command.index("--wiredTigerCacheSizeGB") + 1] = CACHE_GB
        return command


@dataclass(frozen=True)
class Stage:
    """Where the servers are, and their processes by name."""

    mongo: str
    redis: str
    consul: str
    processes: dict[str, Process]
    folder: Path

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def redis_db(self, number: int) -> str:
        return f"{self.redis.rpartition('/')[0]}/{number}"


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Start the servers, and stop them. None that runs already is used or touched."""
    for name in [name for name in os.environ if name.startswith("SHOP_") and name != "SHOP_BIN"]:
        del os.environ[name]
    usual = Home.from_environment()
    usual.root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=usual.root))
    stack = Stack(
        Home(folder, usual.bin),
        Progress(),
        servers=(RoomyMongo(), Redis(), Consul()),
        services=(),
    )
    try:
        members = {member.service: member for member in await stack.up(free_ports=True)}
        yield Stage(
            mongo=members["mongo"].url,
            redis=members["redis"].url,
            consul=members["consul"].url,
            processes={n: m.process for n, m in members.items() if m.process},
            folder=folder,
        )
    finally:
        await stack.down()
        shutil.rmtree(folder, ignore_errors=True)
