"""What the catalogue does, on any store."""

import asyncio
from dataclasses import replace

import pytest
from tests.fakes.product.stores import HOUR, Stores, a_product, details

from shop.common.money import Money
from shop.common.page import InvalidCursor
from shop.product.errors import OpenReservations, ProductNotFound, SkuTaken, StaleVersion
from shop.product.model import ProductDetails, Stock

TRICKY = {"a.b": "1", "$set": "$name", "": "empty", "_id": "x"}


async def test_a_new_product_is_found_as_it_was_made(stores: Stores) -> None:
    given = details(description="$not an expression", category="lamps", attributes=TRICKY)
    made = await stores.catalogue.create(given, initial_stock=5)
    found = await stores.catalogue.get(made.id)
    assert found == made
    assert found.details == given
    assert (found.stock, found.version) == (Stock(5, 0), 1)


async def test_the_view_shows_the_version(stores: Stores) -> None:
    made = await stores.catalogue.create(details(name="Lamp"))
    view = await stores.catalogue.view(made.id)
    assert (view.version, view.body) == (1, b"Lamp")


async def test_what_does_not_exist_is_not_found(stores: Stores) -> None:
    for attempt in (
        stores.catalogue.get("prd_none"),
        stores.catalogue.view("prd_none"),
        stores.catalogue.replace("prd_none", details(), None),
        stores.catalogue.replace("prd_none", details(), frozenset({1})),
        stores.catalogue.patch("prd_none", lambda d: d, None),
        stores.catalogue.delete("prd_none", None),
    ):
        with pytest.raises(ProductNotFound):
            await attempt


async def test_no_two_products_share_a_sku(stores: Stores) -> None:
    await stores.catalogue.create(details(sku="A"))
    other = await stores.catalogue.create(details(sku="B"))
    with pytest.raises(SkuTaken):
        await stores.catalogue.create(details(sku="A"))
    with pytest.raises(SkuTaken):
        await stores.catalogue.replace(other.id, details(sku="A"), None)
    with pytest.raises(SkuTaken):
        await stores.catalogue.patch(other.id, lambda d: replace(d, sku="A"), None)


async def test_replacing_sets_everything_but_the_stock(stores: Stores) -> None:
    product_id = await stores.product(7, description="old", category="old", attributes=TRICKY)
    new = details(name="New")
    replaced = await stores.catalogue.replace(product_id, new, None)
    assert replaced.details == new
    assert (replaced.stock, replaced.version) == (Stock(7, 0), 2)
    assert await stores.catalogue.get(product_id) == replaced


async def test_a_write_with_a_stale_version_changes_nothing(stores: Stores) -> None:
    product_id = await stores.product()
    await stores.catalogue.replace(product_id, details(name="Second"), frozenset({1, 7}))
    with pytest.raises(StaleVersion):
        await stores.catalogue.replace(product_id, details(), frozenset({1}))
    with pytest.raises(StaleVersion):
        await stores.catalogue.patch(product_id, lambda _: details(), frozenset({1}))
    with pytest.raises(StaleVersion):
        await stores.catalogue.delete(product_id, frozenset({1}))
    assert (await stores.catalogue.get(product_id)).details.name == "Second"


async def test_a_change_of_stock_makes_a_version_stale(stores: Stores) -> None:
    product_id = await stores.product()
    await stores.adjusting().adjust(product_id, 1, "found")
    with pytest.raises(StaleVersion):
        await stores.catalogue.replace(product_id, details(), frozenset({1}))


async def test_patches_of_several_writers_do_not_undo_each_other(stores: Stores) -> None:
    product_id = await stores.product()

    def add(name: str) -> object:
        def change(present: ProductDetails) -> ProductDetails:
            return replace(present, attributes={**present.attributes, name: "x"})

        return stores.catalogue.patch(product_id, change, None)

    names = {f"n{i}" for i in range(8)}
    await asyncio.gather(*[add(name) for name in names])
    product = await stores.catalogue.get(product_id)
    assert set(product.details.attributes) == names
    assert product.version == 9


async def test_a_patch_is_not_disturbed_by_sales(stores: Stores) -> None:
    product_id = await stores.product(50)
    patches = [
        stores.catalogue.patch(product_id, lambda d: replace(d, name="Patched"), None)
        for _ in range(3)
    ]
    sales = [stores.reserving().reserve(f"o{i}", [(product_id, 1)], HOUR) for i in range(10)]
    await asyncio.gather(*patches, *sales)
    product = await stores.catalogue.get(product_id)
    assert (product.details.name, product.stock) == ("Patched", Stock(50, 10))
    assert product.version == 14


async def test_what_a_patch_raises_changes_nothing(stores: Stores) -> None:
    product_id = await stores.product()

    def refuse(_: ProductDetails) -> ProductDetails:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await stores.catalogue.patch(product_id, refuse, None)
    assert (await stores.catalogue.get(product_id)).version == 1


async def test_a_product_is_deleted_once_nothing_of_it_is_reserved(stores: Stores) -> None:
    product_id = await stores.product()
    await stores.reserving().reserve("o1", [(product_id, 1)], HOUR)
    with pytest.raises(OpenReservations):
        await stores.catalogue.delete(product_id, None)
    await stores.reserving().release("o1")
    version = (await stores.catalogue.get(product_id)).version
    await stores.catalogue.delete(product_id, frozenset({version}))
    with pytest.raises(ProductNotFound):
        await stores.catalogue.get(product_id)


async def test_pages_show_every_product_once_newest_first(stores: Stores) -> None:
    made = [await stores.product() for _ in range(7)]
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await stores.catalogue.find(limit=2, cursor=cursor)
        seen += [p.id for p in page.items]
        cursor = page.next_cursor
        if not seen[2:]:
            newest = replace(a_product(), id="prd_" + "z" * 26)
            await stores.products.add(newest)  # meanwhile: shifts nothing
    assert cursor is None
    assert seen == sorted(made, reverse=True)


async def test_filters_are_joined_by_and(stores: Stores) -> None:
    cheap = await stores.product(name="red lamp", category="lamps", price=Money(100, "EUR"))
    dear = await stores.product(name="blue lamp", category="lamps", price=Money(900, "EUR"))
    other = await stores.product(name="red chair", category="chairs", price=Money(100, "EUR"))

    async def found(**chosen: object) -> set[str]:
        page = await stores.catalogue.find(limit=10, **chosen)  # type: ignore[arg-type]
        return {p.id for p in page.items}

    assert await found() == {cheap, dear, other}
    assert await found(category="lamps") == {cheap, dear}
    assert await found(category="lamps", max_price=100) == {cheap}
    assert await found(min_price=101) == {dear}
    assert await found(min_price=100, max_price=100) == {cheap, other}
    assert await found(ids=[dear, other, "prd_none"]) == {dear, other}
    assert await found(ids=[dear, other], category="chairs") == {other}
    assert await found(q="red") == {cheap, other}
    assert await found(q="RED", category="lamps") == {cheap}
    assert await found(q="blue chair", max_price=100) == {other}
    assert await found(q="nothing") == set()


async def test_the_very_sku_comes_first_on_pages_that_show_every_match_once(
    stores: Stores,
) -> None:
    made = [await stores.product(sku=f"SKU-{n}", name=f"lamp SKU-{n}") for n in range(5)]
    for limit in (1, 2, 10):
        seen: list[str] = []
        cursor = None
        while not seen or cursor:
            page = await stores.catalogue.find(limit=limit, cursor=cursor, q="SKU-2")
            assert len(page.items) <= limit
            seen += [p.id for p in page.items]
            cursor = page.next_cursor
        assert seen[0] == made[2]
        assert seen[1:] == sorted(seen[1:], reverse=True)
        assert len(set(seen)) == len(seen)


async def test_products_asked_for_by_id_are_shown_newest_first_without_those_that_are_not_there(
    stores: Stores,
) -> None:
    made = sorted([await stores.product(name=f"lamp {n}") for n in range(3)], reverse=True)
    asked = [made[1], "prd_none", made[2], made[0]]
    views = [await stores.catalogue.view(each) for each in made]
    assert (await stores.catalogue.view_all(asked, limit=4)).items == views
    first = await stores.catalogue.view_all(asked, limit=2)
    assert first.items == views[:2]
    rest = await stores.catalogue.view_all(asked, limit=2, cursor=first.next_cursor)
    assert (rest.items, rest.next_cursor) == (views[2:], None)
    with pytest.raises(InvalidCursor):
        await stores.catalogue.view_all(asked[:2], limit=2, cursor=first.next_cursor)


async def test_a_cursor_of_a_search_belongs_to_its_words(stores: Stores) -> None:
    for _ in range(2):
        await stores.product(name="red lamp")
    page = await stores.catalogue.find(limit=1, q="red")
    for other in ({"q": "lamp"}, {"q": "red", "category": "c"}, {}):
        with pytest.raises(InvalidCursor):
            await stores.catalogue.find(limit=1, cursor=page.next_cursor, **other)  # type: ignore[arg-type]


async def test_a_cursor_belongs_to_its_filters(stores: Stores) -> None:
    for _ in range(2):
        await stores.product(category="lamps")
    page = await stores.catalogue.find(limit=1, category="lamps")
    with pytest.raises(InvalidCursor):
        await stores.catalogue.find(limit=1, cursor=page.next_cursor)
