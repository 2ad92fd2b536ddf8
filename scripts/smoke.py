"""Does an installed shop have all that it needs? Run by the Python that it is installed in.

Prints what it found and exits with 1 where something is missing. It needs no server.
"""

import asyncio
import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import aiohttp
from aiohttp import web

import shop
from shop.common.web.docs import add_docs
from shop.common.web.spec import Spec

SERVICES = ("customer", "product", "order")
PAGES = ("/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/swagger.json")


def check(what: str, holds: bool) -> None:
    """Print what was looked at; exit where it is not so."""
    print(f"{'ok' if holds else 'MISSING'}  {what}")
    if not holds:
        sys.exit(1)


def helps(module: str) -> bool:
    """Say whether a program starts and tells its variables and flags."""
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and done.stdout.startswith("usage:") and not done.stderr


async def documented(service: str) -> bool:
    """Say whether a service's documentation is served from what is installed."""
    app = web.Application()
    add_docs(app, Spec.of(f"shop.{service}"))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
            return all([await _found(session, page) for page in PAGES])
    finally:
        await runner.cleanup()


async def _found(session: aiohttp.ClientSession, page: str) -> bool:
    async with session.get(page) as response:
        return response.status == 200 and len(await response.read()) > 100


def main(expected: str) -> None:
    """Look at everything."""
    installed = Path(shop.__file__).parent
    check(f"installed in {installed}", installed.is_relative_to(sys.prefix))
    check(f"version {expected}", shop.__version__ == version("shop") == expected)
    check("py.typed", files("shop").joinpath("py.typed").is_file())
    for service in SERVICES:
        package = f"shop.{service}"
        check(f"{package}: swagger.yaml", files(package).joinpath("swagger.yaml").is_file())
        check(f"python -m {package} --help", helps(package))
        check(f"{package}: /docs", asyncio.run(documented(service)))
    check("python -m shop --help", helps("shop"))


if __name__ == "__main__":
    main(sys.argv[1])
