"""What a server is to the shop, and how one is started."""

import asyncio
import os
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from shop.local.binaries import Binary
from shop.local.errors import LocalError
from shop.local.process import Process, exit_code, start
from shop.local.run import last_lines


class Server(Protocol):
    """One kind of server."""

    name: str
    title: str
    variable: str  # the environment variable that names a running one
    port: int  # where it listens if that port is free
    binary: Binary

    def url(self, port: int) -> str:
        """Return the address that the services are given."""
        ...

    def command(self, program: Path, port: int, data: Path) -> list[str]:
        """Return the command that starts it; files it reads are written to ``data``."""
        ...

    async def prepare(self, url: str) -> None:
        """Do what a server that was just started still needs; safe to repeat."""
        ...

    async def ready(self, url: str) -> bool:
        """Say whether it does its work."""
        ...


def port_of(url: str) -> int:
    """Return the port of an address with one host."""
    return urlsplit(url).port or 0


def launch(server: Server, program: Path, port: int, *, data: Path, log: Path) -> Process:
    """Start a server's process; ``became_ready`` waits for the rest."""
    data.mkdir(parents=True, exist_ok=True)
    return start(server.command(program, port, data), log=log, env=os.environ, cwd=data)


async def became_ready(
    server: Server, url: str, process: Process, log: Path, *, within_s: float = 60
) -> None:
    """Return when the server does its work; raise LocalError if it ends or takes too long."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        check_alive(server.title, process, log)
        if await _listens(port_of(url)):
            await server.prepare(url)
            if await server.ready(url):
                return
        if asyncio.get_running_loop().time() > deadline:
            raise LocalError(f"{server.title} is not ready after {within_s:.0f} s. {tail(log)}")
        await asyncio.sleep(0.05)


def check_alive(title: str, process: Process, log: Path) -> None:
    """Raise LocalError with the end of the log if the process has ended."""
    if not process.alive:
        code = exit_code(process)
        how = "has ended" if code is None else f"ended with exit code {code}"
        raise LocalError(f"{title} {how} while starting. {tail(log)}")


def tail(log: Path) -> str:
    """Return a log's path and its last lines."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return f"Its log is {log}, and ends with:\n{last_lines(text) or '    (nothing)'}"


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
