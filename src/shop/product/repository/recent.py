"""What was seen on the shelf lately, so that not every order has to look first.

None of it has to be true any more. Who takes by it says so: a movement names the editions of the
products that it was priced by, and changes none that has another by now, nor one with too little.
Then what was remembered of it is forgotten, and the next order looks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from shop.product.model import Movement, ShelfItem, Stock

MOST = 10_000
"""How many products at most; of each some 600 bytes."""

LONGEST_S = 600.0
"""How long: in that time two clocks drift apart by much less than a lease."""


@dataclass(slots=True)
class _Seen:
    item: ShelfItem
    at_s: float
    on_hand: int
    reserved: int


class RecentItems:
    """The products that this process has looked at; those seen longest ago are forgotten first.

    Their stock is as it was then but for what this process has moved since: others' movements are
    not known.
    """

    def __init__(self, most: int = MOST, longest_s: float = LONGEST_S) -> None:
        self._most = most
        self._longest_s = longest_s
        self._seen: dict[str, _Seen] = {}

    def see(self, items: Mapping[str, ShelfItem]) -> None:
        """Remember products that were looked at just now."""
        at_s = monotonic()
        for product_id, item in items.items():
            self._seen.pop(product_id, None)
            self._seen[product_id] = _Seen(item, at_s, item.stock.on_hand, item.stock.reserved)
        while len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]

    def recall(self, product_ids: Iterable[str]) -> dict[str, ShelfItem]:
        """Return those of the products that are remembered, as they should be by now."""
        now_s = monotonic()
        return {
            product_id: _by_now(seen, now_s)
            for product_id in product_ids
            if (seen := self._seen.get(product_id)) and now_s - seen.at_s < self._longest_s
        }

    def moved(self, movement: Movement, reached: int) -> None:
        """Take note of a movement and how many of its products it has reached.

        Where those are not all, what is remembered of them was wrong, and is forgotten.
        """
        for product_id in movement.pieces:
            if reached < len(movement.pieces):
                self._seen.pop(product_id, None)
            elif seen := self._seen.get(product_id):
                change = movement.change(product_id)
                seen.on_hand += change.on_hand
                seen.reserved += change.reserved


def _by_now(seen: _Seen, now_s: float) -> ShelfItem:
    item = seen.item
    since = timedelta(seconds=now_s - seen.at_s)
    stock = Stock(seen.on_hand, seen.reserved)
    return ShelfItem(item.sku, item.name, item.price, item.edition, stock, item.seen_at + since)
