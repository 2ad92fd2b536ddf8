"""What a process remembers of the shelf, and for how long."""

from datetime import UTC, datetime, timedelta

from shop.common.money import Money
from shop.product.model import Movement, Op, ShelfItem, Stock
from shop.product.repository.recent import RecentItems

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def item(on_hand: int = 10) -> ShelfItem:
    return ShelfItem("S", "Lamp", Money(100, "EUR"), 3, Stock(on_hand), NOON)


def of(op: Op, pieces: int) -> Movement:
    return Movement("mov_1", "ord_1", op, NOON, {"lamp": pieces})


def test_what_was_not_seen_is_not_recalled() -> None:
    recent = RecentItems()
    recent.see({"lamp": item()})
    assert [*recent.recall(["lamp", "vase"])] == ["lamp"]


def test_time_goes_on_for_what_was_seen() -> None:
    recent = RecentItems()
    recent.see({"lamp": item()})
    first, second = (recent.recall(["lamp"])["lamp"] for _ in range(2))
    assert NOON <= first.seen_at <= second.seen_at < NOON + timedelta(minutes=5)
    assert (first.name, first.edition, first.stock) == ("Lamp", 3, Stock(10))


def test_what_was_moved_since_shows() -> None:
    recent = RecentItems()
    recent.see({"lamp": item()})
    for movement in (of(Op.TAKE, 4), of(Op.TAKE, 3), of(Op.COMMIT, 4)):
        recent.moved(movement, 1)
    assert recent.recall(["lamp"])["lamp"].stock == Stock(6, 3)
    recent.see({"lamp": item(50)})
    assert recent.recall(["lamp"])["lamp"].stock == Stock(50)


def test_what_came_to_nothing_is_forgotten_until_it_is_seen() -> None:
    recent = RecentItems()
    recent.see({"lamp": item()})
    recent.moved(of(Op.TAKE, 1), 0)
    recent.moved(of(Op.TAKE, 1), 1)
    assert recent.recall(["lamp"]) == {}
    recent.see({"lamp": item()})
    assert recent.recall(["lamp"])["lamp"].stock == Stock(10)


def test_what_was_seen_long_ago_is_not_recalled() -> None:
    recent = RecentItems(longest_s=0.0)
    recent.see({"lamp": item()})
    assert recent.recall(["lamp"]) == {}


def test_of_too_many_those_seen_last_are_kept() -> None:
    recent = RecentItems(most=2)
    for name in ("lamp", "vase", "lamp", "rug"):
        recent.see({name: item()})
    assert {*recent.recall(["lamp", "vase", "rug"])} == {"lamp", "rug"}
