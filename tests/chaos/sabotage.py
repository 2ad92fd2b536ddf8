"""A service without one of its guards: ``python sabotage.py fencing order``.

Nothing of this is in the product. The guard is taken out of the classes of this process only, and
then the service is run as always, to see whether the checker would find out.
"""

import runpy
import sys
from collections.abc import Callable, Mapping
from typing import Any


def without_fencing() -> None:
    """Let who read an old state of an order write over a newer one."""
    from shop.order.repository import MongoOrders

    guarded = MongoOrders._write

    async def unguarded(self: Any, guard: Mapping[str, Any], *rest: Any) -> Any:
        return await guarded(self, {k: v for k, v in guard.items() if k != "fence"}, *rest)

    MongoOrders._write = unguarded  # type: ignore[method-assign]


def without_tombstone() -> None:
    """Forget the release of an order for which nothing was reserved yet."""
    from datetime import UTC, datetime

    from shop.product.model import Reservation, State
    from shop.product.repository import MongoReservations

    async def forget(_self: Any, order_id: str) -> Reservation:
        return Reservation(order_id, State.RELEASED, (), None, datetime.now(UTC), 1)

    MongoReservations.bury = forget  # type: ignore[method-assign]


def without_atomic_key() -> None:
    """Write the key down when the order has been made, with the answer, and not before."""
    from shop.common.errors import ShopError
    from shop.common.ids import new_id
    from shop.common.web import KEYS, problems
    from shop.common.web.once import HEADER, Answer, _answer_of, _replay
    from shop.order import handlers

    async def once(request: Any, prefix: str, make: Any) -> Any:
        key = f"{prefix}:{request.headers.get(HEADER)}"
        keys = request.app[KEYS]._keys
        if HEADER in request.headers and (found := await keys.find_one({"_id": key})):
            return _replay(Answer(**found["answer"]))
        try:
            response = await make(new_id(prefix))
        except ShopError as error:
            if problems.status_of(error) >= 500:
                raise
            response = problems.of_shop_error(error)
        if HEADER in request.headers:
            kept = _answer_of(response)
            answer = {"status": kept.status, "headers": dict(kept.headers), "body": kept.body}
            await keys.update_one({"_id": key}, {"$setOnInsert": {"answer": answer}}, upsert=True)
        return response

    handlers.once = once  # type: ignore[attr-defined]


def without_release_on_reject() -> None:
    """Reject an order and leave with product what was reserved for it."""
    from shop.order import life
    from shop.order.model import Order, Reason, Status, Step

    def reject(order: Order, now: Any, reason: Reason) -> Order:
        return life._enter(order, Status.REJECTED, (Step.LINK,), now, reason)

    life.reject = reject


def without_thrift() -> None:
    """Keep 64 KiB, a task and an open file of every tenth request."""
    import asyncio
    from itertools import count

    from shop.common.web.connection import Connection

    kept, number, feed = [], count(1), Connection._feed

    async def wait() -> None:
        await asyncio.Event().wait()

    def leaky(self: Any, data: bytes) -> None:
        if next(number) % 10 == 0:
            file = open("/dev/null")  # noqa: SIM115
            kept.append((bytearray(b"x") * 65536, asyncio.ensure_future(wait()), file))
        feed(self, data)

    Connection._feed = leaky  # type: ignore[method-assign]


GUARDS: Mapping[str, Callable[[], None]] = {
    "fencing": without_fencing,
    "tombstone": without_tombstone,
    "atomic-key": without_atomic_key,
    "release-on-reject": without_release_on_reject,
    "thrift": without_thrift,
}

if __name__ == "__main__":
    guard, service = sys.argv[1:]
    GUARDS[guard]()
    sys.argv = [f"shop.{service}"]
    runpy.run_module(f"shop.{service}", run_name="__main__", alter_sys=True)
