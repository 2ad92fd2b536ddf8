"""The customer service as a caller sees it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

_BASE = "/api/v1"
_numbers = count(1)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: CIMultiDictProxy[str]
    json: Any

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        assert self.json["status"] == self.status
        return str(self.json["code"])

    @property
    def pointers(self) -> list[str]:
        """Where the faults of the input are."""
        return [error["pointer"] for error in self.json["errors"]]

    @property
    def ids(self) -> list[str]:
        """What a list shows."""
        return [item.get("orderId") or item["id"] for item in self.json["items"]]


class Api:
    """One instance of the service."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(
        self, method: str, path: str, json: Any = None, if_match: str | None = None, **options: Any
    ) -> Answer:
        """Send a request; ``path`` stands below the base path."""
        if if_match is not None:
            options["headers"] = {"If-Match": if_match}
        if json is not None:
            options["json"] = json
        url = path if path.startswith(_BASE) else _BASE + path
        async with self._session.request(method, url, **options) as response:
            content = await response.json(content_type=None) if await response.read() else None
            return Answer(response.status, response.headers, content)

    async def get(self, path: str, if_none_match: str | None = None, **query: Any) -> Answer:
        headers = {"If-None-Match": if_none_match} if if_none_match is not None else {}
        return await self.call("GET", path, params=query, headers=headers)

    async def post(self, path: str, json: Any = None) -> Answer:
        return await self.call("POST", path, json)

    async def put(self, path: str, json: Any, if_match: str | None = None) -> Answer:
        return await self.call("PUT", path, json, if_match)

    async def patch(self, path: str, json: Any, if_match: str | None = None) -> Answer:
        return await self.call("PATCH", path, json, if_match)

    async def delete(self, path: str, if_match: str | None = None, **query: Any) -> Answer:
        return await self.call("DELETE", path, None, if_match, params=query)

    async def customer(self, **given: Any) -> str:
        """Create a customer, and return where it is: ``/customers/...``."""
        answer = await self.post("/customers", draft(**given))
        assert answer.status == 201, answer
        return f"/customers/{answer.json['id']}"

    async def pages(self, path: str, **query: Any) -> AsyncIterator[Answer]:
        """Walk a list by its cursors, to its end."""
        while True:
            page = await self.get(path, **query)
            assert page.status == 200, page
            yield page
            if page.json["nextCursor"] is None:
                return
            query["cursor"] = page.json["nextCursor"]

    async def walk(self, path: str, **query: Any) -> list[str]:
        """Return what a list shows on all its pages."""
        return [shown async for page in self.pages(path, **query) for shown in page.ids]


def draft(**given: Any) -> dict[str, Any]:
    """Return a customer to create, with an email address of its own."""
    email = f"ada{next(_numbers)}@example.com"
    return {"email": email, "firstName": "Ada", "lastName": "Lovelace", **given}


def address(**given: Any) -> dict[str, Any]:
    known = {"line1": "12 Row", "city": "London", "postalCode": "W1J 7NT", "country": "GB"}
    return {**known, **given}


def link(version: int = 1, status: str = "pending", **given: Any) -> dict[str, Any]:
    """Return how an order stands."""
    total = None if status == "pending" else {"amount": 1999, "currency": "EUR"}
    known = {"status": status, "total": total, "placedAt": "2026-01-31T12:00:00.000Z"}
    return {**known, "orderVersion": version, **given}


def orders_of(customer: str, order_id: str | None = None) -> str:
    """Return where the links of a customer are, or one of them."""
    below = f"/{order_id}" if order_id else ""
    return customer.replace("/customers/", "/customerOrders/") + below
