"""Holds what the APIs tell against what the client was told. Knows nothing of the services."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.chaos.client import answered
from tests.chaos.load import order_of
from tests.chaos.testimony import Testimony
from tests.chaos.world import Json, World

SOLD = ("paid", "shipped", "delivered")
ENDED = ("cancelled", "rejected")
_CLOCK_S = 0.05  # events carry milliseconds


@dataclass(frozen=True)
class Violation:
    """``rule``: which promise was broken. ``order``: whose timeline tells more."""

    rule: str
    detail: str
    order: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


Found = Iterator[Violation]
Rule = Callable[[World, Testimony], Found]


def check(world: World, log: Testimony) -> list[Violation]:
    """Return every promise that was broken."""
    return [violation for rule in RULES for violation in rule(world, log)]


# --- Orders: none lost, none doubled, none invented ----------------------------------------------


def no_order_is_lost(world: World, log: Testimony) -> Found:
    """Every order that was answered is there, unless it was deleted."""
    listed = Counter(order["id"] for order in world.orders)
    for order, attempt in log.answered_with({201, 202, 409, 422}).items():
        if listed[order] > 1:
            yield Violation("listed twice", f"{order} is {listed[order]} times in the list", order)
        there = listed[order] == 1 and world.single.get(order) is not None
        if log.done("delete", order):
            if listed[order] or world.single.get(order) is not None:
                yield Violation("deletion lost", f"{order} was deleted (204) and is there", order)
        elif not there and not log.perhaps("delete", order):
            yield Violation("order lost", f"{order}, answered {attempt.outcome}, is gone", order)


def no_order_is_doubled(world: World, log: Testimony) -> Found:
    """No request has made two orders, however often it was repeated with its key."""
    made: defaultdict[str, set[str]] = defaultdict(set)
    for order, tag in log.tag_of.items():
        made[tag].add(order)
    for order in world.orders:
        if tag := tag_of(order, log):
            made[tag].add(order["id"])
    for tag, orders in made.items():
        if len(orders) > 1:
            keyed = "with" if any(a.key for a in log.placed.get(tag, ())) else "without"
            detail = f"{tag} ({keyed} a key) made {', '.join(sorted(orders))}"
            yield Violation("order doubled", detail, max(orders))


def no_order_is_invented(world: World, log: Testimony) -> Found:
    """Every order was asked for, as it is."""
    for order in world.orders:
        tag = tag_of(order, log)
        if tag is None:  # erased, and every answer was lost: nothing tells whose it was
            continue
        asked = log.placed.get(tag)
        if not asked:
            yield Violation("order invented", f"nobody asked for {order['id']}", order["id"])
        elif _wanted(order) != _wanted(asked[0].sent):
            yield Violation("order altered", f"{order['id']} is not what was asked", order["id"])


def every_order_is_settled(world: World, log: Testimony) -> Found:
    """Nothing is pending, nothing stays unpaid, and one by one it is as in the list."""
    for order in world.orders:
        which, status = order["id"], order["status"]
        if status in ("pending", "confirmed"):
            yield Violation("order unsettled", f"{which} is still {status}", which)
        if order["customerLink"] == "pending":
            yield Violation("link unsettled", f"{which} is not linked as {status}", which)
        single = world.single.get(which)
        if single and single["status"] != status:
            detail = f"{which} is {status} in the list and {single['status']} by itself"
            yield Violation("stale read", detail, which)


# --- Transitions ---------------------------------------------------------------------------------

_AFTER: Mapping[str, tuple[str, ...]] = {
    "pay": SOLD,
    "ship": ("shipped", "delivered"),
    "deliver": ("delivered",),
    "cancel": ("cancelled",),
}
_NEEDS = {"paid": "pay", "shipped": "ship", "delivered": "deliver"}


def no_transition_is_lost(world: World, log: Testimony) -> Found:
    """What was answered 200 has happened and has not been undone."""
    for order in world.orders:
        which, status = order["id"], order["status"]
        for operation, after in _AFTER.items():
            if not log.done(operation, which) or status in after:
                continue
            if operation == "pay" and _cancelled_by_request(order, log):
                continue
            why = order.get("statusReason")
            detail = f"{operation} of {which} was answered 200, and it is {status} ({why})"
            yield Violation("transition lost", detail, which)
    for which, attempt in log.answered_with({201}).items():
        found = world.single.get(which)
        if found and found["status"] == "rejected":
            detail = f"{which}, answered {attempt.outcome}, ended rejected"
            yield Violation("confirmation lost", detail, which)


def no_transition_is_invented(world: World, log: Testimony) -> Found:
    """What nobody asked for has not happened, but for what the services do by themselves."""
    for order in world.orders:
        which, status = order["id"], order["status"]
        needed = _NEEDS.get(status)
        if needed and not log.perhaps(needed, which):
            yield Violation("transition invented", f"{which} is {status}, unasked", which)
        requested = order.get("statusReason") == "requested"
        if status == "cancelled" and requested and not log.perhaps("cancel", which):
            yield Violation("transition invented", f"{which} is {status}, unasked", which)


def _cancelled_by_request(order: Json, log: Testimony) -> bool:
    requested = order["status"] == "cancelled" and order.get("statusReason") == "requested"
    return requested and log.perhaps("cancel", order["id"])


# --- Links ---------------------------------------------------------------------------------------


def every_order_is_linked_once(world: World, log: Testimony) -> Found:
    """Each customer that exists shows exactly its orders, with the right status and total."""
    of: defaultdict[str, dict[str, Json]] = defaultdict(dict)
    for order in world.orders:
        of[order["customerId"]][order["id"]] = order
    for customer, links in world.links.items():
        count = Counter(link["orderId"] for link in links)
        shown = {link["orderId"]: link for link in links}
        for which in of[customer].keys() | shown.keys():
            order, link = of[customer].get(which), shown.get(which)
            if count[which] != 1 or not order or not link:
                there = "there" if order else "not there"
                detail = f"{which} is linked {count[which]} times to {customer}, and is {there}"
                yield Violation("link wrong", detail, which)
                continue
            yield from _link_agrees(order, link, world.single_links.get((customer, which)))


def _link_agrees(order: Json, link: Json, single: Json | None) -> Found:
    which, status = order["id"], order["status"]
    if link["status"] != status or link.get("total") != order.get("total"):
        detail = f"{which} is {status} and linked as {link['status']}"
        yield Violation("link wrong", detail, which)
    if single is None or single["status"] != link["status"]:
        told = single and single["status"]
        detail = f"the link of {which} is {link['status']} in the list and {told} by itself"
        yield Violation("stale read", detail, which)


def no_deleted_customer_has_open_orders(world: World, log: Testimony) -> Found:
    """An order of a customer that was deleted had come to its end by then, or never began."""
    ends = log.gone_customers()
    for customer in ends:
        if world.customers.get(customer) is not None:
            yield Violation("deletion lost", f"{customer} was deleted and is there")
    for order in world.orders:
        gone_at = ends.get(order["customerId"])
        if gone_at is None:
            continue
        events = world.events.get(order["id"], [])
        was_open = any(event.get("status") == "confirmed" for event in events)
        final = [e["at"] for e in events if e.get("status") in ("cancelled", "delivered")]
        if was_open and (not final or _seconds(final[0]) > gone_at + _CLOCK_S):
            detail = f"{order['id']} was open when its customer {order['customerId']} was deleted"
            yield Violation("customer deleted too early", detail, order["id"])


# --- Stock ---------------------------------------------------------------------------------------


def the_stock_adds_up(world: World, log: Testimony) -> Found:
    """initial + adjustments - committed = onHand; reserved = sum of held; nothing negative."""
    committed, held = _pieces(world, "committed"), _pieces(world, "held")
    for product, initial in log.stocks.items():
        adjusted = sum(each["delta"] for each in world.adjustments.get(product, ()))
        on_hand = initial + adjusted - committed[product]
        reserved = held[product]
        right = {"onHand": on_hand, "reserved": reserved, "available": on_hand - reserved}
        for told in world.stocks.get(product, ()) or [{}]:
            if told != right:
                detail = (
                    f"{product} has {told}; {initial} initial {adjusted:+} adjusted "
                    f"-{committed[product]} committed and {reserved} held make {right}"
                )
                yield Violation("stock wrong", detail)
        if min(right.values()) < 0:
            yield Violation("stock negative", f"{product}: {right}")


def adjustments_are_made_once(world: World, log: Testimony) -> Found:
    """One for each that was answered 201, at most one for each that was asked for."""
    made = Counter(each["reason"] for found in world.adjustments.values() for each in found)
    asked = log.by_subject("adjust")
    for tag, count in made.items():
        if tag not in asked:
            yield Violation("adjustment invented", f"nobody asked for {tag}")
        elif count > 1 and (count > len(asked[tag]) or any(a.key for a in asked[tag])):
            yield Violation("adjustment doubled", f"{tag} was made {count} times")
    for tag in asked:
        if log.done("adjust", tag) and not made[tag]:
            yield Violation("adjustment lost", f"{tag} was answered 201")
        if made[tag] and not log.perhaps("adjust", tag):
            yield Violation("adjustment invented", f"{tag} was refused and made")


def goods_follow_their_order(world: World, log: Testimony) -> Found:
    """Sold goods are committed, those of a dead order are back, and were from its release on."""
    for order in world.orders:
        which, status = order["id"], order["status"]
        found = world.reservations.get(which)
        state = found["state"] if found else None
        if status in SOLD:
            right = state == "committed" and _wanted(found) == _wanted(order)
        elif status in ENDED:
            back = state in (None, "released")
            right = back or _expired_before_release(found, world.events[which])
        else:
            right = True  # it is unsettled, which another rule tells
        if not right:
            detail = f"{which} is {status}, its reservation {state}"
            yield Violation("goods astray", detail, which)


def _expired_before_release(reservation: Json | None, events: Sequence[Json]) -> bool:
    released = [event["at"] for event in events if event["type"] == "stock-released"]
    if not reservation or reservation["state"] != "expired" or not released:
        return False
    return _seconds(released[0]) > _seconds(reservation["expiresAt"])


def walk_ins_end_as_answered(world: World, log: Testimony) -> Found:
    """A reservation without an order ends as its holder was told, and none stays held."""
    for name in log.by_subject("reserve"):
        found = world.reservations.get(name)
        state = found["state"] if found else None
        sold, back = log.done("commit", name), log.done("release", name)
        wrong = (
            (sold and state != "committed")
            or (back and state not in ("released", "expired"))
            or (state == "committed" and not log.perhaps("commit", name))
            or state == "held"
            or (state is None and log.done("reserve", name))
        )
        if wrong:
            yield Violation("goods astray", f"{name} ended {state}", None)


# --- Answers -------------------------------------------------------------------------------------


def a_key_is_answered_the_same(world: World, log: Testimony) -> Found:
    """A repeated key gives the status and the body that it gave first, until that is erased."""
    first: dict[tuple[str, str], Any] = {}
    for attempt in log.attempts:
        if attempt.key is None or not answered(attempt):
            continue
        operation = attempt.operation, attempt.key
        before = first.setdefault(operation, attempt)
        if attempt.outcome == "409 erased" and _is_erased(world, order_of(before)):
            continue
        if (before.status, before.answer) != (attempt.status, attempt.answer):
            detail = f"{attempt.key}: first {before.outcome}, then {attempt.outcome}"
            order = order_of(before) if attempt.operation == "place" else None
            yield Violation("replay differs", detail, order)


def nothing_breaks(world: World, log: Testimony) -> Found:
    """No answer is a 500, and no order is unknown that was answered."""
    for attempt in log.attempts:
        if attempt.status == 500:
            yield Violation("internal error", f"{attempt.operation} {attempt.subject}: 500")
        known = attempt.subject in log.tag_of and not log.perhaps("delete", attempt.subject)
        if attempt.status == 404 and known:
            detail = f"{attempt.operation} of {attempt.subject} was answered 404"
            yield Violation("order unknown for a time", detail, attempt.subject)


RULES: Sequence[Rule] = (
    no_order_is_lost,
    no_order_is_doubled,
    no_order_is_invented,
    every_order_is_settled,
    no_transition_is_lost,
    no_transition_is_invented,
    every_order_is_linked_once,
    no_deleted_customer_has_open_orders,
    the_stock_adds_up,
    adjustments_are_made_once,
    goods_follow_their_order,
    walk_ins_end_as_answered,
    a_key_is_answered_the_same,
    nothing_breaks,
)


def tag_of(order: Json, log: Testimony) -> str | None:
    """Return the mark that the client put into an order.

    It stands in the address, which is erased once there is no such customer (any more); then the
    answers tell, if one arrived.
    """
    address = order.get("shippingAddress")
    return str(address.get("line2")) if address else log.tag_of.get(order["id"])


def _is_erased(world: World, order_id: str | None) -> bool:
    """Say whether what was personal of an order is gone, or all of it: none is placed without."""
    order = world.single.get(order_id) if order_id else None
    return order is None or not order.get("shippingAddress")


def _wanted(order: Json) -> Counter[str]:
    """Return how many pieces of each product."""
    pieces: Counter[str] = Counter()
    for line in order["lines"]:
        pieces[line["productId"]] += line["quantity"]
    return pieces


def _pieces(world: World, state: str) -> Counter[str]:
    """Return how many pieces of each product are in reservations of this state."""
    pieces: Counter[str] = Counter()
    for reservation in world.reservations.values():
        if reservation and reservation["state"] == state:
            pieces += _wanted(reservation)
    return pieces


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
