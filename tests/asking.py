"""Asking a service over HTTP, in few words."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

import aiohttp
import orjson
from multidict import CIMultiDictProxy

PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: CIMultiDictProxy[str]
    body: Any

    @property
    def code(self) -> tuple[int, str]:
        """The status and the code of a problem."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self
        return self.status, self.body["code"]

    @property
    def pointers(self) -> list[str]:
        """Where a problem says that the faults are."""
        return [error["pointer"] for error in self.body["errors"]]


class Api:
    """One instance of a service; ``url`` is what every path begins with.

    ``token``: what every request shows; None: nothing.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=30)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        data: bytes | None = None,
        type_: str = "application/json",
        **headers: str,
    ) -> Answer:
        """Send a request; ``if_match`` becomes the header ``If-Match``."""
        named = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if json is not None or data is not None:
            data = orjson.dumps(json) if data is None else data
            named["Content-Type"] = type_
        async with self._session.request(
            method, self.url + path, data=data and io.BytesIO(data), headers=named
        ) as response:
            content = await response.read()
            is_json = response.content_type.endswith("json")
            body = orjson.loads(content) if content and is_json else content.decode() or None
            return Answer(response.status, response.headers, body)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, json: Any = None, **headers: str) -> Answer:
        return await self.ask("POST", path, json, **headers)

    async def put(self, path: str, json: Any, **headers: str) -> Answer:
        return await self.ask("PUT", path, json, **headers)

    async def patch(self, path: str, json: Any, **headers: str) -> Answer:
        return await self.ask("PATCH", path, json, type_=PATCH, **headers)

    async def delete(self, path: str, **headers: str) -> Answer:
        return await self.ask("DELETE", path, **headers)

    async def everything(self, path: str) -> list[Any]:
        """Return all items of a list, page after page."""
        items, cursor = [], ""
        mark = "&" if "?" in path else "?"
        while cursor is not None:
            at = f"&cursor={cursor}" if cursor else ""
            page = (await self.get(f"{path}{mark}limit=100{at}")).body
            items += page["items"]
            cursor = page["nextCursor"]
        return items


async def until(
    ask: Callable[[], Awaitable[Answer]], told: Callable[[Any], bool], within_s: float = 30
) -> Any:
    """Ask again and again until the body says it, and return that body; fail when time is up."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + within_s
    while not told((answer := await ask()).body):
        assert clock() < deadline, f"not so within {within_s} s: {answer}"
        await asyncio.sleep(0.05)
    return answer.body


async def add_customer(customers: Api, **details: Any) -> str:
    """Create a customer and return the id."""
    draft = {"email": f"{uuid4().hex}@example.com", "firstName": "Ada", "lastName": "Lovelace"}
    return str((await customers.post("/customers", {**draft, **details})).body["id"])


async def add_product(
    products: Api, stock: int = 100, amount: int = 1999, currency: str = "EUR", **details: Any
) -> str:
    """Create a product and return the id."""
    draft = {
        "sku": uuid4().hex,
        "name": "Desk lamp",
        "price": {"amount": amount, "currency": currency},
        "initialStock": stock,
    }
    created = await products.post("/products", {**draft, **details})
    assert created.status == 201, created
    return str(created.body["id"])
