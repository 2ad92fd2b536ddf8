"""The probe of the image, run as the engine runs it."""

import asyncio
import os
import sys

import pytest
from aiohttp import web

from shop.local.ports import free_port


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
async def test_a_service_is_as_well_as_it_says(aiohttp_server, status, code):
    async def ready(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/health/ready", ready)
    server = await aiohttp_server(app, host="127.0.0.1")
    assert await _probe(server.port) == code


async def test_a_service_that_does_not_listen_is_not_ready():
    assert await _probe(free_port()) == 1


async def _probe(port: int) -> int:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shop.probe"), env={**os.environ, "SHOP_HTTP_PORT": str(port)}
    )
    return await child.wait()
