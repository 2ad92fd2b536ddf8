"""``reconcile`` and ``pending`` on the three real services, with data that were changed by hand."""

import asyncio
import os
import sys
from argparse import Namespace
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from structlog.testing import capture_logs
from tests.asking import add_customer, add_product
from tests.served import ServedShop, at_rest, served_shop

from shop.common.config import (
    AuthConfig,
    ConsulConfig,
    FeedConfig,
    HttpConfig,
    LogConfig,
    MongoConfig,
    RedisConfig,
)
from shop.order.app import Config
from shop.order.commands import pending, reconcile
from shop.order.config import OrderConfig

QUANTITY = 2
WAYS = {
    "confirmed": (),
    "paid": ("pay",),
    "delivered": ("pay", "ship", "deliver"),
    "cancelled": ("cancel",),
}


@dataclass(frozen=True)
class Subject:
    """An order, and the documents of the three services that are about it."""

    order_id: str
    customer_id: str
    product_id: str
    orders: Any
    links: Any
    reservations: Any
    products: Any

    @property
    def link(self) -> dict[str, str]:
        return {"_id": f"{self.customer_id}/{self.order_id}"}

    async def reserved_as(self, state: str, **stock: int) -> None:
        """Set the reservation's state, and the stock as if it had come to it in a regular way."""
        await self.reservations.update_one({"_id": self.order_id}, {"$set": {"state": state}})
        change = {f"stock.{name}": by for name, by in stock.items()}
        await self.products.update_one({"_id": self.product_id}, {"$inc": change})

    async def wipe(self) -> None:
        await self.orders.delete_one({"_id": self.order_id})
        await self.reservations.delete_one({"_id": self.order_id})
        await self.links.delete_one(self.link)


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url, retry_most_s=0.5) as shop:
        yield shop


@pytest.fixture(scope="module")
async def config(shop: ServedShop, mongo_uri: str) -> Config:
    peers = ",".join(
        f"{name}={getattr(shop, name).url}" for name in ("customer", "product", "order")
    )
    return Config(
        HttpConfig(),
        MongoConfig(mongo_uri, shop.order.database),
        RedisConfig(""),
        ConsulConfig(url="", peers=peers),
        LogConfig(),
        AuthConfig(required=False),
        OrderConfig(),
        FeedConfig(),
    )


Make = Callable[..., Awaitable[Subject]]


@pytest.fixture
async def make(
    shop: ServedShop, mongo_client: AsyncMongoClient[dict[str, Any]]
) -> AsyncIterator[Make]:
    """Place an order and lead it to a status; all traces of it are gone after the test."""
    made: list[Subject] = []

    async def make(status: str = "confirmed") -> Subject:
        customer = await add_customer(shop.customers)
        product = await add_product(shop.products, stock=10)
        line = {"productId": product, "quantity": QUANTITY}
        placed = await shop.orders.post("/orders", {"customerId": customer, "lines": [line]})
        assert placed.status in (201, 202)  # 202: a slow machine
        order_id = placed.body["id"]
        await at_rest(shop.placed)
        for operation in WAYS[status]:
            assert (await shop.orders.post(f"/orders/{order_id}/{operation}")).status == 200
        await at_rest(shop.placed)
        order = (await shop.orders.get(f"/orders/{order_id}")).body
        assert (order["status"], order["customerLink"]) == (status, "linked")
        stored = {name: mongo_client[getattr(shop, name).database] for name in shops}
        made.append(
            Subject(
                order_id,
                customer,
                product,
                stored["order"]["orders"],
                stored["customer"]["customerOrders"],
                stored["product"]["reservations"],
                stored["product"]["products"],
            )
        )
        return made[-1]

    shops = ("customer", "product", "order")
    yield make
    for subject in made:
        await subject.wipe()


@dataclass
class Run:
    """What a run came to."""

    code: int
    lines: list[str]
    errors: list[str]


Reconcile = Callable[..., Awaitable[Run]]


@pytest.fixture
def run(config: Config, capsys: pytest.CaptureFixture[str]) -> Reconcile:
    async def run(*, fix: bool = False) -> Run:
        capsys.readouterr()
        with capture_logs():
            code = await reconcile(config, Namespace(fix=fix))
        out, err = capsys.readouterr()
        return Run(code, out.splitlines(), err.splitlines())

    return run


# --- Changes by hand -----------------------------------------------------------------------------


async def reservation_gone(it: Subject) -> None:
    await it.reservations.delete_one({"_id": it.order_id})


async def held_again(it: Subject) -> None:
    await it.reserved_as("held", onHand=QUANTITY, reserved=QUANTITY)


async def held_though_released(it: Subject) -> None:
    await it.reserved_as("held", reserved=QUANTITY)


async def sold_though_released(it: Subject) -> None:
    await it.reserved_as("committed", onHand=-QUANTITY)


async def sold_too_early(it: Subject) -> None:
    await it.reserved_as("committed", onHand=-QUANTITY, reserved=-QUANTITY)


async def other_goods(it: Subject) -> None:
    change = {"$set": {"lines.0.quantity": QUANTITY + 1}}
    await it.reservations.update_one({"_id": it.order_id}, change)


async def link_gone(it: Subject) -> None:
    await it.links.delete_one(it.link)


async def link_with_another_status(it: Subject) -> None:
    await it.links.update_one(it.link, {"$set": {"status": "shipped"}})


async def link_with_another_total(it: Subject) -> None:
    await it.links.update_one(it.link, {"$set": {"total.amount": 1}})


async def link_from_the_future(it: Subject) -> None:
    await it.links.update_one(it.link, {"$set": {"status": "shipped", "orderVersion": 1000}})


async def order_gone(it: Subject) -> None:
    await it.orders.delete_one({"_id": it.order_id})
    await it.orders.database["intake"].delete_many({})  # where it stays for a moment


HOLD_LEFT = "held at product, but no such order"
SALE_LEFT = "committed at product, but no such order"
LINK_LEFT = "linked at customer, but no such order"
AS_SHIPPED = "confirmed, but linked at customer as shipped"

MENDED = [
    ("confirmed", reservation_gone, ["confirmed, but not known at product"]),
    ("paid", held_again, ["paid, but held at product"]),
    ("delivered", held_again, ["delivered, but held at product"]),
    ("cancelled", held_though_released, ["cancelled, but held at product"]),
    ("cancelled", sold_though_released, ["cancelled, but committed at product"]),
    ("confirmed", link_gone, ["confirmed, but not linked at customer"]),
    ("confirmed", link_with_another_status, [AS_SHIPPED]),
    ("paid", link_with_another_total, ["paid, but linked at customer with another total"]),
    ("confirmed", order_gone, [HOLD_LEFT, LINK_LEFT]),
    ("cancelled", order_gone, [LINK_LEFT]),
]
LEFT = [
    ("paid", reservation_gone, ["paid, but not known at product"], 1),
    ("confirmed", sold_too_early, ["confirmed, but committed at product"], 1),
    ("confirmed", other_goods, ["other goods are held at product"], 1),
    ("confirmed", link_from_the_future, [AS_SHIPPED], 1),
    ("paid", order_gone, [SALE_LEFT, LINK_LEFT], 1),
]


async def seen_before(shop: ServedShop, it: Subject) -> None:
    """Have the caches know what is there before it is changed by hand."""
    assert (await shop.orders.get(f"/orders/{it.order_id}")).status == 200
    link = f"/customerOrders/{it.customer_id}/{it.order_id}"
    assert (await shop.customers.get(link)).status == 200


@pytest.mark.parametrize(("status", "change", "found"), MENDED)
async def test_what_has_one_right_answer_is_found_and_repaired(
    shop, run, make, status, change, found
):
    it = await make(status)
    await seen_before(shop, it)
    await change(it)
    told = await run()
    assert told.code == 1
    assert len(told.lines) == len(found) + 1
    for what, line in zip(found, sorted(told.lines[:-1]), strict=True):  # they come as compared
        assert line.startswith(f"{it.order_id}  {what}  (for 0:0"), line
        assert line.endswith("  can be repaired by --fix")
    assert told.lines[-1].endswith(f" {len(found)} disagreements, 0 repaired")
    mended = await run(fix=True)
    assert mended.code == 0, mended
    assert mended.lines[-1].endswith(f" {len(found)} disagreements, {len(found)} repaired")
    again = await run()
    assert (again.code, len(again.lines)) == (0, 1), again
    stock = (await shop.products.get(f"/products/{it.product_id}")).body["stock"]
    assert stock["onHand"] in (10, 10 - QUANTITY)
    assert stock["reserved"] in (0, QUANTITY)


@pytest.mark.parametrize(("status", "change", "found", "left"), LEFT)
async def test_what_a_person_has_to_decide_is_left_as_it_is(run, make, status, change, found, left):
    it = await make(status)
    await change(it)
    told = await run(fix=True)
    assert told.code == 1
    assert sorted(line.split("  ")[1] for line in told.lines[:-1]) == found
    assert sum(line.endswith("  decide by hand") for line in told.lines) == left
    again = await run(fix=True)
    assert (again.code, len(again.lines)) == (1, left + 1)


async def test_an_ended_order_outlives_its_customer(shop, run, make):
    it = await make("cancelled")
    assert (await shop.customers.delete(f"/customers/{it.customer_id}")).status == 204
    told = await run()
    assert (told.code, len(told.lines)) == (0, 1), told


async def test_an_open_order_without_its_customer_is_left_to_a_person(shop, run, make):
    it = await make("confirmed")
    await link_gone(it)
    assert (await shop.customers.delete(f"/customers/{it.customer_id}")).status == 204
    told = await run(fix=True)
    assert told.code == 1
    assert "confirmed, but its customer is gone" in told.lines[0]
    assert told.lines[0].endswith("  decide by hand")


async def test_a_link_can_be_mended_twice(run, make):
    """The second time it is of the same order version as what is right."""
    it = await make()
    for _ in range(3):
        await link_with_another_status(it)
        assert (await run(fix=True)).code == 0


async def test_a_hold_that_no_order_made_is_released(shop, run, make):
    it = await make()
    order_id = f"by-hand-{uuid4().hex}"
    held = {"lines": [{"productId": it.product_id, "quantity": 1}]}
    assert (await shop.products.put(f"/reservations/{order_id}", held)).status == 201
    told = await run(fix=True)
    assert told.code == 0
    assert told.lines[0].startswith(f"{order_id}  {HOLD_LEFT}  (it is not known for how long)")
    released = (await shop.products.get(f"/reservations/{order_id}")).body
    assert released["state"] == "released"


async def test_orders_that_are_being_placed_are_no_disagreement(shop, run, make):
    it = await make()
    line = {"productId": it.product_id, "quantity": 1}
    draft = {"customerId": it.customer_id, "lines": [line]}
    placing = [
        shop.orders.post("/orders", draft) for _ in range(40)
    ]  # for most there is too little
    told, *placed = await asyncio.gather(run(), *placing)
    assert (told.code, len(told.lines)) == (0, 1), told
    assert {answer.status for answer in placed} <= {201, 202, 409}  # 202: a slow machine
    await at_rest(shop.placed)


@pytest.mark.parametrize("away", ["customer", "product", "order"])
async def test_a_service_that_is_away_is_told_in_one_line(shop, run, make, away):
    await make()
    async with shop.without(away):
        told = await run()
    assert (told.code, told.lines) == (2, [])
    [line] = told.errors
    assert line.startswith(f"shop.order: cannot compare: {away}: ")


# --- As a process --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """``python -m shop.order``."""

    config: Config

    async def __call__(self, *arguments: str) -> Run:
        given = self.config
        flags = ["--mongo", given.mongo.uri, "--database", given.mongo.database]
        flags += ["--consul", "", "--peers", given.consul.peers]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shop.order", *arguments, *flags,
            stdout=PIPE, stderr=PIPE, env=os.environ,
        )  # fmt: skip
        out, err = await process.communicate()
        return Run(process.returncode or 0, out.decode().splitlines(), err.decode().splitlines())


@pytest.fixture
def program(config: Config) -> Program:
    return Program(config)


async def test_many_orders_are_compared_page_by_page(shop, program, make):
    it = await make()
    await shop.products.post(
        f"/products/{it.product_id}/stockAdjustments", {"delta": 500, "reason": "delivery"}
    )
    line = {"productId": it.product_id, "quantity": 1}
    draft = {"customerId": it.customer_id, "lines": [line]}
    for _ in range(13):
        answers = await asyncio.gather(*(shop.orders.post("/orders", draft) for _ in range(10)))
        assert {answer.status for answer in answers} <= {201, 202}
    await at_rest(shop.placed)
    count = len(await shop.orders.everything("/orders"))
    assert count > 130
    healthy = await program("reconcile")
    [line] = healthy.lines  # it may tell of holds, too, that never had an order
    assert int(line.split()[0]) >= count
    assert line.endswith(" orders compared, 0 disagreements, 0 repaired")
    assert healthy.code == 0
    await link_gone(it)
    assert (await program("reconcile")).code == 1
    assert (await program("reconcile", "--fix")).code == 0


async def test_nothing_waits_in_a_shop_at_rest(program, make):
    await make("paid")
    told = await program("pending")
    assert (told.code, told.lines, told.errors) == (0, ["nothing waits"], [])


async def test_what_waits_is_told_by_step_and_by_order(shop, program, make):
    it = await make()
    async with shop.without("customer"):
        assert (await shop.orders.post(f"/orders/{it.order_id}/pay")).status == 200
        told = await program("pending")
    assert told.code == 1
    step, order = told.lines
    assert step.split()[:3] == ["link", "1", "waiting,"]
    assert order.startswith(f"{it.order_id}  paid       link  for 0:00:")
    assert "tried " in order
    assert order.endswith("last: link: customer did not answer")
    await at_rest(shop.placed)


async def test_without_its_database_pending_cannot_tell():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shop.order", "pending", "--mongo", "mongodb://127.0.0.1:9",
        stdout=PIPE, stderr=PIPE, env={**os.environ, "SHOP_MONGO_TIMEOUT_S": "0.3"},
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    [line] = err.decode().splitlines()
    assert line.startswith("shop.order: cannot tell: The database cannot be reached")


async def test_pending_in_this_process_prints_the_same(config, make, capsys):
    await make()
    capsys.readouterr()
    with capture_logs():
        assert await pending(config, Namespace()) == 0
    assert capsys.readouterr().out == "nothing waits\n"
