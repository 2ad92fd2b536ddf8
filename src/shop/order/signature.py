"""Who did it: each entry of an order's timeline is signed before it is stored.

The signature is a kind and an opaque subject, and the trace of the request: no personal data.
"""

from shop.common import caller, trace
from shop.common.caller import Caller, Kind
from shop.order.model import Order, replace

ITSELF = Caller(Kind.SERVICE, "order")
"""This service: what it decides and what it does later, by itself, whoever set it off."""


def signed(order: Order, by: Caller | None = None) -> Order:
    """Return the order with its news signed, by who makes the present request unless told."""
    if all(event.by for event in order.news):
        return order
    who, current = by or caller.current(), trace.current()
    name, trace_id = f"{who.kind}:{who.subject}", current.trace_id if current else None
    news = tuple(e if e.by else replace(e, by=name, trace_id=trace_id) for e in order.news)
    return replace(order, news=news)
