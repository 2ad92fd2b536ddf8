"""Values are changed by making others."""

import dataclasses

from tests.fakes.order.store_suite import confirmed, pending

from shop.order.model import Order, Status, replace


def test_a_changed_value_is_another_with_other_fields() -> None:
    order = pending()
    changed = replace(order, status=Status.REJECTED, version=2)
    assert changed == dataclasses.replace(order, status=Status.REJECTED, version=2)
    assert order == pending()
    assert isinstance(changed, Order)
    assert hash(changed.lines) == hash(order.lines)


def test_a_value_without_changes_equals_the_first() -> None:
    order = confirmed(pending())
    assert replace(order) == order
    assert replace(order) is not order
