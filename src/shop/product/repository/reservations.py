"""The reservations in MongoDB."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from shop.common.mongo import Collection, Document, mongo_errors
from shop.product.model import TRANSITIONS, Hold, Op, Reservation, State
from shop.product.repository.documents import line_document, reservation_of
from shop.product.repository.journal import MongoJournal, begun
from shop.product.repository.server_clock import after, server_now

KEPT = timedelta(days=90)
"""How long one that came to nothing is remembered; after that its order id would be new again."""


class MongoReservations(MongoJournal[Reservation]):
    """The reservations, by order id. All its times are those of the database's clock."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection, reservation_of)

    async def begin(self, hold: Hold, lease: timedelta) -> tuple[Reservation, bool]:
        """Write a reservation that is being taken, if there is none; return what stands there.

        The flag tells whether it is the one that was just written.
        """
        movement = begun(Op.TAKE, lease)
        document = _document(hold.order_id, State.TAKING) | {
            "lines": [line_document(line) for line in hold.lines]
        }
        times = {"createdAt": "$$NOW", "expiresAt": after(hold.ttl), "movement": movement}
        found = await self._put(document, times)
        return found, found.movement is not None and found.movement.id == movement["id"]

    async def advance(self, order_id: str, op: Op, lease: timedelta) -> Reservation | None:
        """Begin the movement that leads from one state to the next (TRANSITIONS).

        None if the state is another one, a movement is under way, a hold that is to be committed
        is overdue, or one that is to expire is not.
        """
        source, target = TRANSITIONS[op]
        guard = {"_id": order_id, "state": source.value, "movement": {"$exists": False}}
        change = {
            "state": target.value,
            "version": {"$add": ["$version", 1]},
            "movement": begun(op, lease),
        }
        if target is not State.COMMITTED:
            change["purgeAt"] = after(KEPT)
        return await self._change(guard | _in_time(op), [{"$set": change}])

    async def close(self, entry: Reservation) -> Reservation | None:
        """End the movement, which has been applied; None if it is not ours any more."""
        if entry.state is not State.TAKING:
            return await super().close(entry)
        change = {"$set": {"state": State.HELD.value}, "$unset": {"movement": ""}}
        return await self._close(entry, change, replace(entry, state=State.HELD, movement=None))

    async def bury(self, order_id: str) -> Reservation:
        """Write a released one without lines, unless one stands; return what stands there."""
        times = {"createdAt": "$$NOW", "purgeAt": after(KEPT)}
        return await self._put(_document(order_id, State.RELEASED) | {"lines": []}, times)

    async def overdue(self, limit: int) -> Sequence[str]:
        """Return the order ids of held reservations whose time has passed."""
        passed = {"state": State.HELD.value, "expiresAt": {"$lte": await server_now(self._entries)}}
        with mongo_errors():
            found = await self._entries.find(passed, {"_id": True}).to_list(limit)
        return [document["_id"] for document in found]


def _document(order_id: str, state: State) -> Document:
    return {"_id": order_id, "state": state.value, "version": 1}


def _in_time(op: Op) -> Document:
    if op is Op.COMMIT:
        return {"$expr": {"$gt": ["$expiresAt", "$$NOW"]}}
    if op is Op.EXPIRE:
        return {"$expr": {"$lte": ["$expiresAt", "$$NOW"]}}
    return {}
