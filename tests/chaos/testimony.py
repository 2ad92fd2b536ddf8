"""What follows from the client's log alone: which orders must, may and must not be there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

from tests.chaos.client import answered
from tests.chaos.load import order_of
from tests.chaos.record import Attempt
from tests.chaos.world import Told


class Testimony:
    """The log, in the order in which one asks it. ``stocks``: the initial ones by product."""

    __test__ = False  # pytest, this is not a test

    def __init__(self, attempts: Sequence[Attempt], stocks: dict[str, int]) -> None:
        self.attempts = attempts
        self.stocks = stocks
        self._of: defaultdict[tuple[str, str], list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            self._of[attempt.operation, attempt.subject].append(attempt)
        self.placed: dict[str, list[Attempt]] = self.by_subject("place")
        self.tag_of: dict[str, str] = {
            order: tag
            for tag, each in self.placed.items()
            for order in filter(None, map(order_of, each))
        }

    def of(self, operation: str, subject: str) -> list[Attempt]:
        """Return the attempts at this."""
        return self._of.get((operation, subject), [])

    def by_subject(self, *operations: str) -> dict[str, list[Attempt]]:
        """Return all attempts at some operations, by what they were about."""
        found: defaultdict[str, list[Attempt]] = defaultdict(list)
        for (operation, subject), each in self._of.items():
            if operation in operations:
                found[subject] += each
        return dict(found)

    def done(self, operation: str, subject: str) -> bool:
        """Say whether it was answered that this has been done."""
        return any(a.status in (200, 201, 204) for a in self.of(operation, subject))

    def perhaps(self, operation: str, subject: str) -> bool:
        """Say whether it was asked for, and not refused each time."""
        return any(not answered(a) or (a.status or 0) < 400 for a in self.of(operation, subject))

    def answered_with(self, statuses: Iterable[int]) -> dict[str, Attempt]:
        """Return the placings that were answered so, by the id of the order."""
        wanted = set(statuses)
        return {
            order: attempt
            for each in self.placed.values()
            for attempt in each
            if attempt.status in wanted and (order := order_of(attempt))
        }

    def gone_customers(self) -> dict[str, float]:
        """Return the customers that were deleted, with the time when that was answered."""
        gone: dict[str, float] = {}
        for customer, each in self.by_subject("delete").items():
            ends = [a.ended_at for a in each if a.ended_at and a.status in (204, 404)]
            if customer.startswith("cus_") and ends:
                gone[customer] = min(ends)
        return gone

    def told(self) -> Told:
        """Return the ids that the client knows of."""
        customers = {str(a.sent["customerId"]) for each in self.placed.values() for a in each}
        for each in self.by_subject("create").values():
            with suppress(KeyError, TypeError):
                customers |= {a.body["id"] for a in each if "email" in a.sent and a.status == 201}
        return Told(
            orders=set(self.tag_of),
            customers=customers,
            reservations=set(self.by_subject("reserve", "commit", "release")),
            products=set(self.stocks),
        )
