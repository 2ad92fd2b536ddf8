"""What a shopper learns of another's: nothing, whichever way it asks."""

import pytest
from tests.asking import Answer
from tests.fakes.auth import key, token
from tests.integration.access.callers import Callers, service, shopper, staff
from tests.integration.access.cases import (
    new_customer,
    new_link,
    new_order,
    order_draft,
    product_draft,
)


@pytest.fixture
async def mine(callers: Callers) -> str:
    return await new_customer(callers)


@pytest.fixture
async def theirs(callers: Callers) -> str:
    return await new_customer(callers)


def words(answer: Answer, *ids: str) -> str:
    """Return what an answer says, but for what differs from one request to the next."""
    said = str({name: value for name, value in answer.body.items() if name != "traceId"})
    for each in ids:
        said = said.replace(each, "ID")
    return f"{answer.status} {sorted(answer.headers)} {said}"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/orders/{order}", None),
        ("GET", "/orders/{order}/events", None),
        ("PUT", "/orders/{order}", {"note": "mine now"}),
        ("PATCH", "/orders/{order}", {"note": "mine now"}),
        ("DELETE", "/orders/{order}", None),
        ("POST", "/orders/{order}/cancel", None),
        ("POST", "/orders/{order}/pay", None),
    ],
)
async def test_anothers_order_is_answered_as_one_that_never_was(
    callers: Callers, mine, theirs, method, path, body
):
    order, nobodys = await new_order(callers, theirs), "ord_01j9x71c4f6h8j0k2m4n6p8q0r"
    await callers.made(staff(), "GET", f"/orders/{order}")  # it is in the cache
    for headers in ({}, {"If_None_Match": "*"}, {"If_Match": '"1"'}):
        asked = [
            await callers.ask(shopper(mine), method, path.format(order=each), body, **headers)
            for each in (order, nobodys)
        ]
        assert words(asked[0], order) == words(asked[1], nobodys)
        assert asked[0].status in (403, 404)


@pytest.mark.parametrize("path", ["/customers/{id}", "/customerOrders/{id}"])
async def test_another_customer_is_answered_as_one_that_never_was(
    callers: Callers, mine, theirs, path
):
    await callers.made(staff(), "GET", path.format(id=theirs))  # it is in the cache
    asked = [
        await callers.ask(shopper(mine), "GET", path.format(id=each), If_None_Match="*")
        for each in (theirs, "cus_nobody")
    ]
    assert words(asked[0], theirs) == words(asked[1], "cus_nobody")
    assert asked[0].status == 404


async def test_anothers_link_is_answered_as_one_that_never_was(callers: Callers, mine, theirs):
    path = await new_link(callers, theirs)
    asked = [
        await callers.ask(shopper(mine), "GET", each)
        for each in (path, f"/customerOrders/{theirs}/none")
    ]
    assert words(asked[0]) == words(asked[1])
    assert asked[0].status == 404


async def test_a_shoppers_list_has_its_own_orders_and_no_others(callers: Callers, mine, theirs):
    own = {await new_order(callers, mine), await new_order(callers, mine)}
    await new_order(callers, theirs)
    for path in ("/orders", f"/orders?customerId={mine}"):
        listed = await callers.made(shopper(mine), "GET", path)
        assert {order["id"] for order in listed["items"]} == own


async def test_the_pages_of_a_shoppers_list_are_its_own_too(callers: Callers, mine, theirs):
    own = [await new_order(callers, mine) for _ in range(2)]
    await new_order(callers, theirs)
    first = await callers.made(shopper(mine), "GET", "/orders?limit=1")
    second = await callers.made(
        shopper(mine), "GET", f"/orders?limit=1&cursor={first['nextCursor']}"
    )
    assert [page["items"][0]["id"] for page in (first, second)] == own[::-1]
    assert second["nextCursor"] is None
    stolen = await callers.ask(shopper(theirs), "GET", f"/orders?cursor={first['nextCursor']}")
    assert stolen.code == (422, "invalid-cursor")


async def test_an_order_for_another_is_refused_as_for_nobody_and_not_stored(
    callers: Callers, mine, theirs
):
    draft = await order_draft(callers, theirs)
    asked = [
        await callers.ask(shopper(mine), "POST", "/orders", {**draft, "customerId": each})
        for each in (theirs, "cus_nobody")
    ]
    assert words(asked[0], theirs) == words(asked[1], "cus_nobody")
    assert asked[0].pointers == ["#/customerId"]
    assert (await callers.made(staff(), "GET", f"/orders?customerId={theirs}"))["items"] == []


async def test_an_idempotency_key_is_ones_own(callers: Callers, mine, theirs):
    """Nobody gets another's first answer by its key, and nobody's key is used up by another."""
    draft = {**await order_draft(callers, mine), "customerId": mine}
    first = await callers.ask(shopper(mine), "POST", "/orders", draft, Idempotency_Key="key-1")
    again = await callers.ask(shopper(mine), "POST", "/orders", draft, Idempotency_Key="key-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    other = {**draft, "customerId": theirs}
    for who, body in ((shopper(theirs), other), (staff(), draft)):
        answer = await callers.ask(who, "POST", "/orders", body, Idempotency_Key="key-1")
        assert answer.status == 201
        assert "Idempotency-Replayed" not in answer.headers
        assert answer.body["id"] != first.body["id"]


async def test_a_name_with_a_key_in_it_does_not_reach_anothers_key(callers: Callers, mine):
    tokens = [
        token(key("people"), sub=sub, kind="staff", scope="products:write", customer_id=None)
        for sub in ("a", "a:b")
    ]
    draft = product_draft()
    first = await callers.ask(tokens[1], "POST", "/products", draft, Idempotency_Key="c")
    second = await callers.ask(tokens[0], "POST", "/products", draft, Idempotency_Key="b:c")
    assert first.status == 201
    assert second.code == (409, "sku-taken")


# --- Tokens over HTTP ---


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer ", "Basic dTpw", "bearer", "Token abc", "Bearer\t"],
)
async def test_without_a_bearer_token_the_challenge_names_no_error(callers: Callers, mine, shown):
    answer = await callers.ask(None, "GET", f"/customers/{mine}", Authorization=shown)
    assert answer.code == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="shop"'


async def test_a_token_that_is_not_valid_is_told_so(callers: Callers, mine):
    for bad in ("nonsense", token(key("stranger")), token(key("people"), exp=1), "x" * 5000):
        answer = await callers.ask(bad, "GET", f"/customers/{mine}")
        assert answer.code == (401, "unauthenticated")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert bad not in str(answer.body)


async def test_the_scheme_is_read_in_any_case(callers: Callers, mine):
    for scheme in ("Bearer", "bearer", "BEARER"):
        named = f"{scheme} {shopper(mine)}"
        answer = await callers.ask(None, "GET", f"/customers/{mine}", Authorization=named)
        assert answer.status == 200


async def test_what_is_cached_is_for_nobody_without_a_token(callers: Callers, mine):
    """Not on a short way either: the cache does not know who asks."""
    order, link = await new_order(callers, mine), await new_link(callers, mine)
    for path in (f"/customers/{mine}", link, f"/orders/{order}"):
        for _ in range(3):
            await callers.made(shopper(mine), "GET", path)
            for who in (None, "nonsense", token(key("stranger"))):
                assert (await callers.ask(who, "GET", path)).code == (401, "unauthenticated")
            known = await callers.ask(None, "GET", path, If_None_Match='"1"')
            assert known.code == (401, "unauthenticated")


async def test_the_catalogue_does_not_look_at_tokens(callers: Callers):
    product = await callers.made(staff(), "POST", "/products", product_draft())
    for path in ("/products", f"/products/{product['id']}"):
        for who in (None, "nonsense", token(key("stranger")), staff(), shopper("cus_1")):
            assert (await callers.ask(who, "GET", path)).status == 200


async def test_access_comes_before_what_is_wrong_with_a_request(callers: Callers):
    """Who may not call learns nothing of what would be valid."""
    for path in ("/orders/no%20id", "/orders?limit=none", "/customers/no%20id"):
        assert (await callers.ask(None, "GET", path)).status == 401


async def test_head_is_held_to_what_get_is(callers: Callers, mine, theirs):
    order = await new_order(callers, theirs)
    assert (await callers.ask(None, "HEAD", f"/orders/{order}")).status == 401
    assert (await callers.ask(shopper(mine), "HEAD", f"/orders/{order}")).status == 404
    assert (await callers.ask(shopper(theirs), "HEAD", f"/orders/{order}")).status == 200


async def test_an_order_is_placed_by_a_shopper_and_linked_by_the_order_service(
    callers: Callers, mine
):
    """Order shows the others its own token, not the shopper's."""
    order = await callers.made(shopper(mine), "POST", "/orders", await order_draft(callers, mine))
    assert order["status"] == "confirmed"
    held = await callers.made(service("order"), "GET", f"/reservations/{order['id']}")
    assert held["state"] == "held"
