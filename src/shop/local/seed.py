"""Something to look at: products and customers, put in through the public APIs.

Running it again changes nothing: a sku or an email that is taken is already there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from shop.local import secured
from shop.local.errors import LocalError
from shop.local.rest import ask

_COLOURS = ("Red", "Blue", "Green", "Black", "White")
_THINGS = (
    ("Mug", "kitchen", 990),
    ("Lamp", "lighting", 4900),
    ("Chair", "furniture", 12900),
    ("Blanket", "textiles", 3950),
    ("Notebook", "paper", 650),
    ("Backpack", "bags", 7900),
    ("Kettle", "kitchen", 3490),
    ("Clock", "decoration", 2790),
    ("Bowl", "kitchen", 1290),
    ("Scarf", "textiles", 2450),
)
_FIRST_NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Grace")
_LAST_NAMES = ("Lovelace", "Turing", "Liskov", "Hopper")


@dataclass
class Seeded:
    """How many were put in, and how many were there before."""

    created: int = 0
    present: int = 0


@dataclass(frozen=True)
class _Collection:
    """``taken``: the code by which its service says that a document is there already."""

    service: str
    url: str
    taken: str


def products() -> Iterator[dict[str, Any]]:
    """Return fifty products."""
    for thing, category, amount in _THINGS:
        for number, colour in enumerate(_COLOURS):
            yield {
                "sku": f"{thing}-{colour}".upper(),
                "name": f"{colour} {thing.lower()}",
                "description": f"A {thing.lower()}, {colour.lower()}, made to last.",
                "category": category,
                "price": {"amount": amount + 50 * number, "currency": "EUR"},
                "attributes": {"colour": colour.lower()},
                "initialStock": 100,
            }


def customers() -> Iterator[dict[str, Any]]:
    """Return twenty customers."""
    for last in _LAST_NAMES:
        for first in _FIRST_NAMES:
            yield {
                "email": f"{first}.{last}@example.org".lower(),
                "firstName": first,
                "lastName": last,
                "addresses": [
                    {"line1": "1 Main Street", "city": "Berlin", "postalCode": "10115"}
                    | {"country": "DE"}
                ],
            }


async def seed(
    product_url: str, customer_url: str, headers: dict[str, str] | None = None
) -> dict[str, Seeded]:
    """Put everything in; raise LocalError if a service refuses or is away."""
    return {
        "products": await _put_in(
            _Collection("product", f"{product_url}/api/v1/products", "sku-taken"),
            products(),
            headers,
        ),
        "customers": await _put_in(
            _Collection("customer", f"{customer_url}/api/v1/customers", "email-taken"),
            customers(),
            headers,
        ),
    }


async def _put_in(
    into: _Collection, documents: Iterator[dict[str, Any]], headers: dict[str, str] | None
) -> Seeded:
    seeded, url = Seeded(), into.url
    way = secured.options(into.service, url)
    for document in documents:
        try:
            answer = await ask("POST", url, document, headers, secured=way)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LocalError(f"{url} does not answer: {error}") from error
        if answer.status == 201:
            seeded.created += 1
        elif answer.status == 409 and (answer.body or {}).get("code") == into.taken:
            seeded.present += 1
        else:
            raise LocalError(f"{url} answered {answer.status} to {document}: {answer.body}")
    return seeded
