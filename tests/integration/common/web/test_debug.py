"""``/debug/peers``: what a service knows of those that it calls."""

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from shop.common import discovery
from shop.common.config import ConsulConfig
from shop.common.web import PEERS
from shop.common.web.debug import peers


async def answer(_: web.Request) -> web.Response:
    return web.Response(text="here")


async def test_it_is_not_there_unless_it_is_switched_on(tiny):
    async with tiny.session.get("/debug/peers") as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"


async def test_a_service_that_calls_nobody_has_no_peers(serve):
    alone = await serve(debug_peers=True)
    async with alone.session.get("/debug/peers") as response:
        assert (response.status, await response.json()) == (200, [])


async def test_every_peer_is_shown_with_its_instances_and_its_watch(aiohttp_server, aiohttp_client):
    product = web.Application()
    product.router.add_get("/", answer)
    url = f"http://127.0.0.1:{(await aiohttp_server(product)).port}"
    registry = CollectorRegistry()
    config = ConsulConfig(peers=f"product={url},customer=http://127.0.0.1:1")
    async with discovery.opened(config, registry) as others:
        app = web.Application()
        app[PEERS] = others
        app.router.add_get("/debug/peers", peers)
        products = others.client("product")
        others.client("customer")
        await products.call("GET", "/")

        async with (await aiohttp_client(app)).get("/debug/peers") as response:
            assert response.headers["Cache-Control"] == "no-store"
            called, uncalled = await response.json()

    (instance,) = called.pop("instances")
    assert called == {
        "peer": "product",
        "inFlight": 0,
        "waiting": 0,
        "retriesLeft": 10,
        "hedgeDelayMs": None,
        "watch": {"instances": 1, "ageS": 0.0, "connected": True, "datacenter": None},
    }
    assert instance.pop("expectedLatencyMs") > 0
    assert instance == {
        "id": url.removeprefix("http://"),
        "url": url,
        "zone": None,
        "breaker": "closed",
        "retryAfterS": 0.0,
        "inFlight": 0,
        "warmth": 1.0,
    }
    assert (uncalled["peer"], uncalled["instances"]) == ("customer", [])
    counted = 'outcome="answered",peer="product",peer_instance="' + url[7:] + '"'
    assert f"shop_peer_attempts_total{{{counted}}} 1.0" in generate_latest(registry).decode()
