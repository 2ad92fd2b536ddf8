"""`python -m shop` with the real services."""

import aiohttp


def test_two_instances_of_each_service_are_passing(shop_stack):
    statuses = shop_stack.status()
    assert sorted(s["service"] for s in statuses) == sorted(
        ["mongo", "redis", "consul", *2 * ["customer", "product", "order"]]
    )
    assert {s["health"] for s in statuses} == {"passing"}


async def test_every_instance_serves_its_documents_and_its_health(shop_stack):
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        for service in ("customer", "product", "order"):
            for instance in shop_stack.instances(service):
                for path in ("/docs", "/swagger.json", "/health/ready", "/metrics"):
                    async with session.get(instance["url"] + path) as response:
                        assert await response.read()


async def test_seeding_fills_the_catalogue_once(shop_stack):
    first, second = shop_stack.run("seed"), shop_stack.run("seed")
    assert first.returncode == 0, first.stderr
    assert "products: 0 put in, 50 were there" in second.stdout
    assert "customers: 0 put in, 20 were there" in second.stdout
    url = f"{shop_stack.url('product')}/api/v1/products?limit=100"
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(url) as found:
        assert len((await found.json())["items"]) >= 50
