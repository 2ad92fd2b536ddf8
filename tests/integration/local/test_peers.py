"""Asking instances for their peers, whatever they answer."""

import pytest
from aiohttp import web

from shop.local.errors import LocalError
from shop.local.peers import shown
from shop.local.ports import free_port
from shop.local.state import Member


def member(name: str, port: int) -> Member:
    return Member("order", "instance", name, f"http://127.0.0.1:{port}")


@pytest.fixture
def instance(aiohttp_server):
    """Give an instance that answers so."""

    async def start(name: str, status: int, body: object = None) -> Member:
        async def peers(_: web.Request) -> web.Response:
            return web.json_response(body, status=status)

        app = web.Application()
        app.router.add_get("/debug/peers", peers)
        return member(name, (await aiohttp_server(app)).port)

    return start


async def test_all_instances_are_asked_and_one_that_is_silent_is_named(instance):
    watch = {"ageS": 0.5, "connected": True}
    known = [{"peer": "product", "instances": [], "watch": watch}]
    members = [await instance("order-1", 200, known), member("order-2", free_port())]
    lines = (await shown(members)).splitlines()
    assert lines[1].split() == ["order-1", "product", *6 * ["-"], "0.5", "s"]
    assert lines[-1] == "order-2 does not answer"


async def test_a_page_that_is_off_is_told_from_one_that_fails(instance):
    members = [await instance("order-1", 404), await instance("order-2", 503)]
    with pytest.raises(LocalError, match=r"(?s)order-1 .*SHOP_DEBUG_PEERS.*order-2 answered 503"):
        await shown(members)


async def test_servers_are_not_asked(instance):
    server = Member("consul", "server", "consul", "http://127.0.0.1:1")
    assert "consul" not in await shown([server, await instance("order-1", 200, [])])


async def test_without_an_instance_it_says_how_to_start_them():
    with pytest.raises(LocalError, match="python -m shop up"):
        await shown([Member("consul", "server", "consul", "http://127.0.0.1:1")])
