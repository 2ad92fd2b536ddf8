"""How every store of links behaves: the fake one, the real one, and the cached one."""

from dataclasses import replace

import pytest
from tests.fakes.customer.models import NOON, SECOND, order

from shop.common.page import InvalidCursor
from shop.customer.errors import Changed, NoSuchLink, OrderUnlinked
from shop.customer.model import FINAL, OPEN, OrderLink
from shop.customer.schemas import encode_link
from shop.customer.stores import LinkStore

CUSTOMER, OTHER = "cus_1", "cus_2"
LATER = NOON + SECOND


class LinksArePut:
    async def test_the_first_is_new_and_read_back_whole(self, links: LinkStore) -> None:
        link = await links.put(CUSTOMER, "ord_1", order(1), NOON, None)
        assert link == OrderLink(
            **vars(order(1)),
            customer_id=CUSTOMER,
            order_id="ord_1",
            linked_at=NOON,
            updated_at=NOON,
            is_new=True,
        )
        kept = replace(link, is_new=False)
        assert (await links.find(CUSTOMER, limit=9, cursor=None)).items == [kept]
        assert await links.view(CUSTOMER, "ord_1") == encode_link(kept)

    async def test_a_newer_order_version_wins(self, links: LinkStore) -> None:
        first = await links.put(CUSTOMER, "ord_1", order(1), NOON, None)
        newer = order(5, "confirmed")
        link = await links.put(CUSTOMER, "ord_1", newer, LATER, None)
        changed = {**vars(newer), "updated_at": LATER, "version": 2, "is_new": False}
        assert link == replace(first, **changed)
        assert await links.view(CUSTOMER, "ord_1") == encode_link(link)

    @pytest.mark.parametrize("version", [4, 5])
    async def test_an_older_or_equal_order_version_changes_nothing(
        self, links: LinkStore, version: int
    ) -> None:
        first = await links.put(CUSTOMER, "ord_1", order(5, "confirmed"), NOON, None)
        again = await links.put(CUSTOMER, "ord_1", order(version, "paid"), LATER, None)
        assert again == replace(first, is_new=False)
        assert await links.view(CUSTOMER, "ord_1") == encode_link(again)

    async def test_only_over_an_expected_version(self, links: LinkStore) -> None:
        for expected in (frozenset({1}), frozenset[int]()):
            with pytest.raises(Changed):
                await links.put(CUSTOMER, "ord_1", order(1), NOON, expected)
        first = await links.put(CUSTOMER, "ord_1", order(1), NOON, None)
        for version in (1, 2):
            with pytest.raises(Changed):
                await links.put(CUSTOMER, "ord_1", order(version), NOON, frozenset({2}))
        assert await links.view(CUSTOMER, "ord_1") == encode_link(replace(first, is_new=False))
        changed = await links.put(CUSTOMER, "ord_1", order(2), NOON, frozenset({1, 9}))
        assert changed.version == 2
        with pytest.raises(Changed):
            await links.put(CUSTOMER, "ord_1", order(2), NOON, frozenset({1}))
        assert await links.put(CUSTOMER, "ord_1", order(2), NOON, frozenset({2})) == changed

    async def test_who_knows_what_is_there_mends_what_the_same_order_version_says(
        self, links: LinkStore
    ) -> None:
        """As ``reconcile`` does after a change by hand; an older order version mends nothing."""
        first = await links.put(CUSTOMER, "ord_1", order(5, "confirmed"), NOON, None)
        right = order(5, "paid")
        mended = await links.put(CUSTOMER, "ord_1", right, LATER, frozenset({1}))
        changed = {**vars(right), "updated_at": LATER, "version": 2, "is_new": False}
        assert mended == replace(first, **changed)
        assert await links.view(CUSTOMER, "ord_1") == encode_link(mended)
        older = await links.put(CUSTOMER, "ord_1", order(4, "confirmed"), LATER, frozenset({2}))
        assert older == mended

    async def test_customers_do_not_share_links(self, links: LinkStore) -> None:
        await links.put(CUSTOMER, "ord_1", order(5), NOON, None)
        other = await links.put(OTHER, "ord_1", order(1), NOON, None)
        assert other.order_version == 1
        await links.remove(OTHER, "ord_1", NOON, 0, None)
        assert await links.has_open(CUSTOMER)


class LinksAreRemoved:
    async def test_an_unlinked_order_is_gone(self, links: LinkStore) -> None:
        await links.put(CUSTOMER, "ord_1", order(1), NOON, None)
        await links.view(CUSTOMER, "ord_1")
        await links.remove(CUSTOMER, "ord_1", NOON, 0, frozenset({1}))
        for gone in (
            links.view(CUSTOMER, "ord_1"),
            links.remove(CUSTOMER, "ord_1", NOON, 0, None),
            links.remove(CUSTOMER, "ord_1", NOON, 0, frozenset({2})),
        ):
            with pytest.raises(NoSuchLink):
                await gone
        assert (await links.find(CUSTOMER, limit=9, cursor=None)).items == []
        assert not await links.has_open(CUSTOMER)

    async def test_a_late_put_does_not_bring_it_back(self, links: LinkStore) -> None:
        await links.put(CUSTOMER, "ord_1", order(3, "confirmed"), NOON, None)
        await links.remove(CUSTOMER, "ord_1", NOON, 0, None)
        for version in (2, 3):
            with pytest.raises(OrderUnlinked):
                await links.put(CUSTOMER, "ord_1", order(version), NOON, None)
        with pytest.raises(NoSuchLink):
            await links.view(CUSTOMER, "ord_1")

    async def test_a_link_that_comes_after_its_end_is_refused(self, links: LinkStore) -> None:
        for version in (3, 2):
            with pytest.raises(NoSuchLink):
                await links.remove(CUSTOMER, "ord_1", NOON, version, None)
        for version in (2, 3):
            with pytest.raises(OrderUnlinked):
                await links.put(CUSTOMER, "ord_1", order(version), NOON, None)
        with pytest.raises(NoSuchLink):
            await links.view(CUSTOMER, "ord_1")
        back = await links.put(CUSTOMER, "ord_1", order(4), NOON, None)
        assert await links.view(CUSTOMER, "ord_1") == encode_link(back)

    async def test_where_nothing_was_linked_no_version_is_refused(self, links: LinkStore) -> None:
        with pytest.raises(NoSuchLink):
            await links.remove(CUSTOMER, "ord_1", NOON, 0, None)
        assert (await links.put(CUSTOMER, "ord_1", order(1), NOON, None)).order_version == 1

    async def test_the_order_version_that_ended_the_link_counts(self, links: LinkStore) -> None:
        await links.put(CUSTOMER, "ord_1", order(3), NOON, None)
        await links.remove(CUSTOMER, "ord_1", NOON, 7, None)
        with pytest.raises(OrderUnlinked):
            await links.put(CUSTOMER, "ord_1", order(7), NOON, None)
        back = await links.put(CUSTOMER, "ord_1", order(8), NOON, None)
        assert back.order_version == 8
        assert await links.view(CUSTOMER, "ord_1") == encode_link(back)

    async def test_an_unlinked_order_has_no_version_to_expect(self, links: LinkStore) -> None:
        await links.put(CUSTOMER, "ord_1", order(1), NOON, None)
        await links.remove(CUSTOMER, "ord_1", NOON, 0, None)
        for version in range(4):
            with pytest.raises(Changed):
                await links.put(CUSTOMER, "ord_1", order(9), NOON, frozenset({version}))

    async def test_another_version_than_expected_is_not_removed(self, links: LinkStore) -> None:
        link = await links.put(CUSTOMER, "ord_1", order(1), NOON, None)
        for stale in (frozenset({2}), frozenset[int]()):
            with pytest.raises(Changed):
                await links.remove(CUSTOMER, "ord_1", NOON, 0, stale)
        assert await links.view(CUSTOMER, "ord_1") == encode_link(replace(link, is_new=False))


class LinksAreForgotten:
    async def test_one_without_a_trace(self, links: LinkStore) -> None:
        for name in ("ord_1", "ord_2"):
            await links.put(CUSTOMER, name, order(3), NOON, None)
            await links.view(CUSTOMER, name)
        await links.forget(CUSTOMER, "ord_1")
        with pytest.raises(NoSuchLink):
            await links.view(CUSTOMER, "ord_1")
        await links.view(CUSTOMER, "ord_2")
        assert (await links.put(CUSTOMER, "ord_1", order(1), NOON, None)).is_new

    async def test_all_of_a_customer(self, links: LinkStore) -> None:
        for name in ("ord_1", "ord_2", "ord_3"):
            await links.put(CUSTOMER, name, order(1), NOON, None)
            await links.view(CUSTOMER, name)
        await links.put(OTHER, "ord_1", order(1), NOON, None)
        await links.remove(CUSTOMER, "ord_3", NOON, 0, None)
        await links.forget(CUSTOMER)
        for name in ("ord_1", "ord_2", "ord_3"):
            with pytest.raises(NoSuchLink):
                await links.view(CUSTOMER, name)
        assert (await links.put(CUSTOMER, "ord_3", order(1), NOON, None)).is_new
        await links.view(OTHER, "ord_1")


class LinksAreFound:
    @pytest.mark.parametrize("status", sorted(OPEN))
    async def test_an_open_order_is_open(self, links: LinkStore, status: str) -> None:
        await links.put(CUSTOMER, "ord_1", order(1, status), NOON, None)
        assert await links.has_open(CUSTOMER)
        assert not await links.has_open(OTHER)

    @pytest.mark.parametrize("status", sorted(FINAL))
    async def test_a_final_order_is_not(self, links: LinkStore, status: str) -> None:
        await links.put(CUSTOMER, "ord_1", order(1, status), NOON, None)
        assert not await links.has_open(CUSTOMER)

    async def test_placed_last_first_each_once(self, links: LinkStore) -> None:
        placed = [(f"ord_{n}", NOON + n // 3 * SECOND) for n in range(8)]
        for order_id, at in placed[::2] + placed[1::2]:
            await links.put(CUSTOMER, order_id, order(1, at=at), NOON, None)
        await links.put(OTHER, "ord_9", order(1), NOON, None)
        found: list[str] = []
        cursor = None
        while True:
            page = await links.find(CUSTOMER, limit=3, cursor=cursor)
            found += [link.order_id for link in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == [order_id for order_id, _ in reversed(placed)]

    async def test_a_cursor_of_another_customer_is_refused(self, links: LinkStore) -> None:
        for order_id in ("ord_1", "ord_2"):
            await links.put(CUSTOMER, order_id, order(1), NOON, None)
        page = await links.find(CUSTOMER, limit=1, cursor=None)
        with pytest.raises(InvalidCursor):
            await links.find(OTHER, limit=1, cursor=page.next_cursor)
