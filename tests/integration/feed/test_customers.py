"""The feed of customers, over HTTP."""

from tests.asking import Api, add_customer
from tests.following import Follower
from tests.served import ServedShop


def feed(api: Api, last_id: str = "", **params: str) -> Follower:
    return Follower(f"{api.url}/customers/feed", last_id, params)


async def test_each_change_is_told_with_the_representation_as_get_shows_it(
    shop: ServedShop,
) -> None:
    async with feed(shop.customers) as follower:
        await follower.began()
        customer = await add_customer(shop.customers)
        (created,) = await follower.take(1)
        shown = await shop.customers.get(f"/customers/{customer}")
        assert created.kind == "created"
        assert created.data == {
            "id": customer,
            "version": 1,
            "etag": shown.headers["ETag"],
            "resource": shown.body,
        }
        await shop.customers.patch(f"/customers/{customer}", {"phone": "+44 20 7946 0000"})
        (updated,) = await follower.take(1)
        shown = await shop.customers.get(f"/customers/{customer}")
        assert (updated.kind, updated.data["version"]) == ("updated", 2)
        assert updated.data["resource"] == shown.body
        await shop.customers.delete(f"/customers/{customer}")
        (deleted,) = await follower.take(1)
        assert (deleted.kind, deleted.data) == ("deleted", {"id": customer})


async def test_the_answer_is_an_event_stream_that_nothing_keeps(shop: ServedShop) -> None:
    async with feed(shop.customers) as follower:
        assert follower.response.status == 200
        assert follower.response.headers["Content-Type"] == "text/event-stream"
        assert follower.response.headers["Cache-Control"] == "no-store"


async def test_a_head_request_is_answered_without_a_stream(shop: ServedShop) -> None:
    answer = await shop.customers.ask("HEAD", "/customers/feed", If_None_Match="*")
    assert (answer.status, answer.body) == (200, None)
    assert answer.headers["Content-Type"] == "text/event-stream"


async def test_it_goes_on_after_the_event_whose_id_is_given(shop: ServedShop) -> None:
    async with feed(shop.customers) as first:
        await first.began()
        customers = [await add_customer(shop.customers) for _ in range(3)]
        seen = await first.take(3)
    assert [event.data["id"] for event in seen] == customers
    async with feed(shop.customers, seen[0].id) as again:
        assert await again.take(2) == seen[1:]
        late = await add_customer(shop.customers)
        assert (await again.take(1))[0].data["id"] == late


async def test_an_id_holds_at_an_instance_that_was_started_later(shop: ServedShop) -> None:
    async with feed(shop.customers) as first:
        await first.began()
        customers = [await add_customer(shop.customers) for _ in range(3)]
        seen = await first.take(3)
    await shop.customer.stop()
    await shop.customer.start()
    async with feed(shop.customers, seen[0].id) as again:
        events = await again.take(2)
        late = await add_customer(shop.customers)
        events += await again.take(1)
    assert [event.id for event in events[:2]] == [event.id for event in seen[1:]]
    assert [event.data["id"] for event in events] == [*customers[1:], late]


async def test_what_was_deleted_since_is_told_only_as_deleted(shop: ServedShop) -> None:
    async with feed(shop.customers) as follower:
        await follower.began()
        start = follower.last_id
        customer = await add_customer(shop.customers)
        await shop.customers.delete(f"/customers/{customer}")
        other = await add_customer(shop.customers)
        while (await follower.take(1))[0].data["id"] != other:
            pass  # live, it may have been quick enough to show the customer
    async with feed(shop.customers, start) as again:
        kinds = [(event.kind, event.data["id"]) for event in await again.take(2)]
    assert kinds == [("deleted", customer), ("created", other)]


async def test_one_customer_can_be_followed_alone(shop: ServedShop) -> None:
    customers = [await add_customer(shop.customers) for _ in range(2)]
    async with feed(shop.customers, customerId=customers[1]) as follower:
        await follower.began()
        for customer in customers:
            await shop.customers.patch(f"/customers/{customer}", {"firstName": "Grace"})
        assert (await follower.take(1))[0].data["id"] == customers[1]


async def test_an_id_that_was_never_given_is_refused(shop: ServedShop) -> None:
    async with feed(shop.customers) as follower:
        good = (await follower.began()).last_id
    cut = await shop.customers.get("/customers/feed", Last_Event_ID=good[:-8])
    forged = await shop.customers.get("/customers/feed", Last_Event_ID="bm9uZQ")
    blank = await shop.customers.get("/customers/feed", Last_Event_ID="not an id")
    for answer in (cut, forged, blank):
        assert answer.status == 422, answer
    assert forged.body["code"] == "invalid-cursor"
    assert forged.body["errors"][0]["pointer"] == "Last-Event-ID"
    unknown = await shop.customers.get("/customers/feed?customer=x")
    assert unknown.status == 422
