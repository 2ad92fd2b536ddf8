"""What is kept of a feed for those that are slower."""

from shop.common.feed.ring import Entry, Ring


def entry(number: int, document: str = "a", size: int = 100) -> Entry:
    return Entry(f"{number:04}", document, "ada", b"x" * size)


def ring(count: int, most_bytes: int = 10**6) -> Ring:
    made = Ring(most_bytes, "0000")
    for number in range(1, count + 1):
        made.add([entry(number, f"doc-{number % 3}")], f"{number:04}")
    return made


def tokens(ring: Ring, after: str, most_bytes: int = 10**6) -> list[str]:
    return [each.token for each in ring.after(after, most_bytes)]


def test_what_came_after_a_place_is_told_in_order():
    assert tokens(ring(5), "0002") == ["0003", "0004", "0005"]
    assert tokens(ring(5), "0005") == []


def test_a_place_between_two_events_is_one_too():
    assert tokens(ring(3), "0001Z") == ["0002", "0003"]


def test_only_so_much_is_told_at_once_but_one_at_least():
    assert tokens(ring(5), "0000", 200) == ["0001", "0002"]
    assert tokens(ring(5), "0000", 1) == ["0001"]


def test_what_is_beyond_its_bounds_is_dropped_and_it_no_longer_reaches_so_far():
    small = ring(100, most_bytes=5 * 500)
    assert small.bytes <= 5 * 500
    assert small.floor == "0095"
    assert small.reaches("0095")
    assert not small.reaches("0094")
    assert tokens(small, small.floor) == ["0096", "0097", "0098", "0099", "0100"]


def test_of_what_is_forgotten_nothing_is_left_but_its_place():
    kept = ring(6)
    kept.forget("doc-1")
    assert [(e.token, bool(e.text)) for e in kept.after("0000", 10**6)] == [
        ("0001", False),
        ("0002", True),
        ("0003", True),
        ("0004", False),
        ("0005", True),
        ("0006", True),
    ]


def test_it_counts_what_it_holds():
    kept = ring(50, most_bytes=10 * 500)
    kept.forget("doc-1")
    for number in range(51, 200):
        kept.add([entry(number, f"doc-{number % 3}")], f"{number:04}")
        assert 0 < kept.bytes <= 10 * 500
    assert kept.bytes == sum(len(e.text) + 400 for e in kept.after(kept.floor, 10**6))
