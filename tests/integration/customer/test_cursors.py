"""A cursor leads on in the list that made it, and is refused everywhere else."""

import base64
import json

import pytest
from tests.integration.customer.api import Api, link, orders_of

from shop.common.page import Cursors

SINCE = {"updatedSince": "2026-01-31T12:00:00Z"}


async def cursor_of(api: Api, path: str, **query: str) -> str:
    return str((await api.get(path, limit=1, **query)).json["nextCursor"])


def forged(*content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([*content]).encode()).decode().rstrip("=")


async def test_a_cursor_of_another_list_or_other_filters_is_refused(api: Api) -> None:
    customers = [await api.customer() for _ in range(2)]
    lists = [("/customers", {}), ("/customers", {"status": "active"}), ("/customers", SINCE)]
    lists += [("/customers", {"status": "active", **SINCE})]
    for customer in customers:
        for order_id in ("ord_1", "ord_2"):
            await api.put(orders_of(customer, order_id), link())
        lists.append((orders_of(customer), {}))
    for made, (path, query) in enumerate(lists):
        cursor = await cursor_of(api, path, **query)
        for used, (other, filters) in enumerate(lists):
            answer = await api.get(other, cursor=cursor, **filters)
            if made == used:
                assert len(answer.ids) == 1
            else:
                assert (answer.status, answer.code) == (422, "invalid-cursor")
                assert answer.pointers == ["?cursor"]


@pytest.mark.parametrize("query", [{}, SINCE])
async def test_a_forged_cursor_is_refused(api: Api, query: dict[str, str]) -> None:
    for _ in range(2):
        await api.customer()
    known = await cursor_of(api, "/customers", **query)
    scope, *key = json.loads(base64.urlsafe_b64decode(known + "=="))
    forgeries = ["x", "ä", "%", known[:-2], known + "A", "x" * 500, forged(), forged(scope)]
    forgeries += [forged("0" * 12, *key), forged(scope, *key, 1), forged(scope, key)]
    forgeries += [forged(scope, *[None] * len(key)), forged(scope, *[True] * len(key))]
    forgeries += [forged(scope, *[{"$gt": ""}] * len(key))]
    forgeries += [base64.b64encode(b"[[[").decode(), base64.b64encode(b"5").decode()]
    forgeries += [forged(scope, ms, "x") for ms in (10**18, -(10**18), 2**63, 10**30)]
    for forgery in forgeries:
        refused = await api.get("/customers", cursor=forgery, **query)
        assert (refused.status, refused.code) == (422, "invalid-cursor"), forgery


async def test_a_forged_position_shows_nothing_that_the_list_does_not(api: Api) -> None:
    customers = [await api.customer(), await api.customer()]
    for customer in customers:
        for order_id in ("ord_1", "ord_2"):
            await api.put(orders_of(customer, order_id), link())
    known = await cursor_of(api, orders_of(customers[0]))
    scope, *_ = json.loads(base64.urlsafe_b64decode(known + "=="))
    cursor = Cursors(scope).encode(2**43, "~")
    assert (await api.get(orders_of(customers[0]), cursor=cursor)).ids == ["ord_2", "ord_1"]
