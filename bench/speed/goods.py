"""What is put in before it is measured, through the public API, the same for every contender."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import aiohttp
from bench.speed.contender import Contender

PRODUCTS, CUSTOMERS, STOCK = 1000, 200, 1_000_000_000
COMMON, RARE = "lamp", "comet"
_THINGS = ("Mug", "Lamp", "Chair", "Blanket", "Notebook", "Backpack", "Kettle", "Clock", "Bowl")
_COLOURS = ("Red", "Blue", "Green", "Black", "White")


def name_of(number: int) -> str:
    """Return the name of a product: every tenth is a lamp, and 20 in all are comets."""
    if number < 1000 and number % 50 == 7:
        return f"Comet {number}"
    thing = "Lamp" if number % 10 == 0 else _THINGS[number % 9].replace("Lamp", "Scarf")
    return f"{_COLOURS[number % 5]} {thing.lower()} {number}"


def product(number: int, mark: str) -> dict[str, Any]:
    name = name_of(number)
    return {
        "sku": f"{mark}-{number}",
        "name": name,
        "description": f"{name}: made to last, by hand, in a small workshop by the sea.",
        "category": ("kitchen", "lighting", "furniture", "textiles", "paper")[number % 5],
        "price": {"amount": 990 + number % 5000, "currency": "EUR"},
        "attributes": {"colour": _COLOURS[number % 5].lower(), "material": "oak"},
        "initialStock": STOCK,
    }


def customer(number: int, mark: str) -> dict[str, Any]:
    return {
        "email": f"{mark}-{number}@example.org",
        "firstName": "Ada",
        "lastName": f"Lovelace {number}",
        "addresses": [
            {"line1": "1 Main Street", "city": "Berlin", "postalCode": "10115", "country": "DE"}
        ],
    }


async def fill(contender: Contender, products: int = PRODUCTS) -> None:
    """Put products and customers in, and keep their ids."""
    mark = uuid4().hex[:10]
    async with aiohttp.ClientSession() as session:
        if "customer" in contender.urls:
            url = f"{contender.base('customer')}/api/v1/customers"
            contender.customers = await _put_in(session, url, customer, mark, CUSTOMERS)
        url = f"{contender.base('product')}/api/v1/products"
        contender.products = await _put_in(session, url, product, mark, products)


async def read(contender: Contender) -> list[str]:
    """Read all of them once, so that they are cached; return the ETags, where there are some."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        for customer_id in contender.customers if "customer" in contender.urls else ():
            url = f"{contender.base('customer')}/api/v1/customers/{customer_id}"
            await _etag(session, url)
        base = f"{contender.base('product')}/api/v1/products"
        return [await _etag(session, f"{base}/{product_id}") for product_id in contender.products]


async def _etag(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as response:
        return response.headers.get("ETag", "")


async def _put_in(
    session: aiohttp.ClientSession,
    url: str,
    make: Callable[[int, str], dict[str, Any]],
    mark: str,
    count: int,
) -> list[str]:
    numbers = iter(range(count))
    ids: list[str] = []

    async def work() -> None:
        for number in numbers:
            async with session.post(url, json=make(number, mark)) as response:
                response.raise_for_status()
                ids.append((await response.json())["id"])

    await asyncio.gather(*(work() for _ in range(16)))
    return ids
