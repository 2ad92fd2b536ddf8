"""The lines that an order asks for, and what can be wrong with them."""

from collections.abc import Mapping, Sequence

from shop.common.errors import ShopError
from shop.common.money import AMOUNT_MAX
from shop.product.errors import InsufficientStock, MixedCurrencies, TotalTooLarge, UnknownProduct
from shop.product.model import Line, ShelfItem, Shortage, total

Wanted = tuple[str, int]
"""A line as it is asked for: product id, and how many pieces."""

Items = Mapping[str, ShelfItem]
"""Those of the wanted products that exist, by id."""


def summed(wanted: Sequence[Wanted]) -> dict[str, int]:
    """Return how many pieces of each product are wanted, in the order of first mention."""
    pieces: dict[str, int] = {}
    for product_id, quantity in wanted:
        pieces[product_id] = pieces.get(product_id, 0) + quantity
    return pieces


def priced(wanted: Sequence[Wanted], items: Items) -> list[Line]:
    """Return one line for each product, with the names and prices of now."""
    return [
        Line(product_id, item.sku, item.name, item.price, quantity)
        for product_id, quantity in summed(wanted).items()
        for item in [items[product_id]]
    ]


def refusal_of(wanted: Sequence[Wanted], items: Items) -> ShopError | None:
    """Return why the lines cannot be had as things stand; None if they can."""
    unknown = [(i, wish) for i, (wish, _) in enumerate(wanted) if wish not in items]
    if unknown:
        return UnknownProduct(unknown)
    lines = priced(wanted, items)
    currencies = {line.unit_price.currency for line in lines}
    if len(currencies) > 1:
        return MixedCurrencies(currencies)
    cost = total(lines)
    if cost and cost.amount > AMOUNT_MAX:
        return TotalTooLarge(AMOUNT_MAX)
    shortages = shortages_of(summed(wanted), items)
    return InsufficientStock(shortages) if shortages else None


def shortages_of(pieces: Mapping[str, int], items: Items) -> list[Shortage]:
    """Return every product of which fewer pieces are available than are wanted."""
    return [
        Shortage(product_id, requested, items[product_id].stock.available)
        for product_id, requested in pieces.items()
        if items[product_id].stock.available < requested
    ]
