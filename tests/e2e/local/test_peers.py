"""`python -m shop peers`, with the real services."""

import asyncio
import os
import pty
import signal
from collections.abc import Iterator

import aiohttp
import pytest

HEAD = "CALLER PEER INSTANCE BREAKER RETRY AFTER EXPECTED MS IN FLIGHT WARMTH WATCH AGE"
DRAFT = {"customerId": "cus_nobody", "lines": [{"productId": "prd_nothing", "quantity": 1}]}


@pytest.fixture(scope="module")
async def orders(shop_stack) -> list[str]:
    """The ids of the order instances, each of which has called the others."""
    up = await asyncio.to_thread(shop_stack.run, "up", "--free-ports")
    assert up.returncode == 0, up.stderr
    instances = shop_stack.instances("order")
    shopper = shop_stack.run("token", "--as", "shopper", "--customer", DRAFT["customerId"])
    shown = {"Authorization": f"Bearer {shopper.stdout.strip()}"}
    async with aiohttp.ClientSession(headers=shown) as session:
        for instance in instances:
            async with session.post(f"{instance['url']}/api/v1/orders", json=DRAFT) as response:
                assert response.status == 422
    return [instance["id"] for instance in instances]


def test_every_order_instance_shows_every_peer(shop_stack, orders):
    shown = shop_stack.run("peers")
    assert shown.returncode == 0, shown.stderr
    head, *rows = shown.stdout.splitlines()
    assert head.split() == HEAD.split()
    assert {tuple(row.split()[:2]) for row in rows} == {
        (caller, peer) for caller in orders for peer in ("customer", "product")
    }


async def test_the_live_view_names_the_instances_that_consul_knows(shop_stack, orders):
    url = shop_stack.url("order")
    known = {each["id"] for each in shop_stack.instances("product")}
    async with aiohttp.ClientSession() as session, session.get(f"{url}/debug/peers") as response:
        peers = {each["peer"]: each for each in await response.json()}
    assert {instance["id"] for instance in peers["product"]["instances"]} == known
    assert {instance["breaker"] for instance in peers["product"]["instances"]} == {"closed"}
    assert peers["product"]["watch"]["connected"]


async def test_a_service_that_calls_nobody_shows_nobody(shop_stack, orders):
    url = shop_stack.url("customer")
    async with aiohttp.ClientSession() as session, session.get(f"{url}/debug/peers") as response:
        assert await response.json() == []


async def test_calls_and_watches_are_in_the_metrics_of_the_caller_alone(shop_stack, orders):
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        async with session.get(f"{shop_stack.url('order')}/metrics") as response:
            caller = await response.text()
        async with session.get(f"{shop_stack.url('product')}/metrics") as response:
            called = await response.text()
    answered = '{outcome="answered",peer="product",peer_instance="product-'
    assert f"shop_peer_attempts_total{answered}" in caller
    assert 'shop_peer_watch_connected{peer="product"} 1.0' in caller
    assert "shop_peer" not in called


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: ours, and the command's."""
    ours, its = pty.openpty()
    yield ours, its
    os.close(ours)
    os.close(its)


def read_until(terminal: int, count: int, text: str) -> str:
    read = ""
    while read.count(text) < count:
        read += os.read(terminal, 65536).decode()
    return read


def test_in_a_terminal_it_is_shown_anew_until_interrupted(shop_stack, orders, terminal):
    ours, its = terminal
    showing = shop_stack.spawn("peers", stdout=its)
    shown = read_until(ours, 2, "CALLER")
    showing.send_signal(signal.SIGINT)
    assert showing.wait() == 0
    assert shown.count("\x1b[H\x1b[J") == 2


def test_in_a_terminal_too_it_can_be_shown_once(shop_stack, orders, terminal):
    ours, its = terminal
    showing = shop_stack.spawn("peers", "--once", stdout=its)
    assert showing.wait() == 0
    assert "\x1b" not in read_until(ours, 1, "CALLER")
