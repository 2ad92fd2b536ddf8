"""What a shopper may see and touch: its own orders, and of others not even that they are there.

Whose an order is never changes, so what a cache says of it is as good as what the database says.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from shop.common import caller
from shop.common.caller import Kind
from shop.common.errors import FieldError
from shop.common.representation import Representation
from shop.order.errors import UnknownCustomer, UnknownOrder
from shop.order.model import Draft


def is_shopper() -> bool:
    """Tell whether the present caller has only what is its own."""
    return caller.current().kind is Kind.SHOPPER


def check_own(order_id: str, order: Representation) -> None:
    """Raise UnknownOrder, as if there were none, where a shopper asks for another's order."""
    who = caller.current()
    if who.kind is Kind.SHOPPER and orjson.loads(order.body)["customerId"] != who.customer_id:
        raise UnknownOrder(order_id)


def own_orders(wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the filters that leave a shopper its own orders; None where nothing can be left."""
    who = caller.current()
    if who.kind is not Kind.SHOPPER:
        return wanted
    if wanted["customer_id"] not in (None, who.customer_id):
        return None
    return {**wanted, "customer_id": who.customer_id}


def own_draft(draft: Draft) -> Draft:
    """Return the draft; raise UnknownCustomer where a shopper orders for another."""
    who = caller.current()
    if who.kind is Kind.SHOPPER and draft.customer_id != who.customer_id:
        said = "There is no such customer"
        raise UnknownCustomer(
            f"{said} {draft.customer_id}.", fields=[FieldError("#/customerId", said + ".")]
        )
    return draft
