"""A small service that keeps the same contract with the supervisor as the real ones.

``standin.py serve NAME`` is the service; ``standin.py up ...`` (any command of ``python -m shop``)
is a shop made of two of them. ``STANDIN_FAULT=product`` makes that one end with an error at its
start, ``STANDIN_SERVERS=consul,redis`` leaves the other servers out: they need only Consul.
"""

import asyncio
import os
import signal
import sys

import aiohttp
from aiohttp import web

from shop.local.commands import main
from shop.local.server import Server
from shop.local.servers import SERVERS
from shop.local.service import Service


def servers() -> list[Server]:
    wanted = os.environ.get("STANDIN_SERVERS", "mongo,redis,consul").split(",")
    return [server for server in SERVERS if server.name in wanted]


def services() -> list[Service]:
    command = (sys.executable, os.path.abspath(__file__), "serve")
    ports = {"customer": 8001, "product": 8002}
    return [
        Service(name, int(os.environ.get(f"STANDIN_{name.upper()}_PORT", port)), (*command, name))
        for name, port in ports.items()
    ]


async def serve(name: str) -> None:
    if os.environ.get("STANDIN_FAULT") == name:
        sys.exit(f"{name} cannot start: the test wants it so")
    app = web.Application()
    app.router.add_get("/health/ready", ready)
    app.router.add_post("/api/v1/{kind}", create)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    host, port = os.environ["SHOP_HTTP_HOST"], int(os.environ["SHOP_HTTP_PORT"])
    await web.TCPSite(runner, host, port).start()
    sys.stdout.write(f"listening url=http://{host}:{port}\n")
    sys.stdout.flush()
    agent = os.environ["SHOP_CONSUL_HTTP_ADDR"] + "/v1/agent/service"
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        check = {"HTTP": f"http://{host}:{port}/health/ready", "Interval": "1s"}
        service = {"Name": name, "ID": f"{name}-{host}-{port}", "Address": host, "Port": port}
        (await session.put(f"{agent}/register", json={**service, "Check": check})).release()
        await stopped()
        (await session.put(f"{agent}/deregister/{service['ID']}")).release()
    await runner.cleanup()


async def stopped() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, event.set)
    await event.wait()


async def ready(_: web.Request) -> web.Response:
    return web.json_response({"status": "ready"})


_TAKEN: set[str] = set()


async def create(request: web.Request) -> web.Response:
    document = await request.json()
    key = "sku" if "sku" in document else "email"
    if document[key] in _TAKEN:
        return web.json_response({"code": f"{key}-taken"}, status=409)
    _TAKEN.add(document[key])
    return web.json_response(document, status=201)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve(sys.argv[2]))
    else:
        sys.exit(main(sys.argv[1:], servers=servers(), services=services()))
