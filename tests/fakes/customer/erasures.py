"""Traces of deleted customers in memory, and answers that only note what was erased."""

from dataclasses import dataclass, field
from datetime import datetime

from shop.common.page import Cursors, Page, cut
from shop.customer.model import Erasure


@dataclass
class FakeErasures:
    """Satisfies ``ErasureStore``."""

    started: dict[str, datetime] = field(default_factory=dict)
    done: dict[str, datetime] = field(default_factory=dict)

    async def begin(self, customer_id: str, at: datetime) -> None:
        self.started[customer_id] = at

    async def finish(self, customer_id: str, at: datetime) -> None:
        if self.started.pop(customer_id, None):
            self.done[customer_id] = at

    async def give_up(self, customer_id: str, begun_at: datetime) -> None:
        if self.started.get(customer_id) == begun_at:
            del self.started[customer_id]

    async def begun(self, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        old = [each for each in self.started.items() if each[1] < before]
        return sorted(old, key=lambda each: each[1])[:limit]

    async def find(
        self, *, limit: int, cursor: str | None, since: datetime | None
    ) -> Page[Erasure]:
        cursors = Cursors.of("customerErasures", since=since)
        ranked = sorted(((f"{at}{name}", name, at) for name, at in self.done.items()), reverse=True)
        last = cursors.decode(cursor, str)[0] if cursor else None
        found = [
            (rank, Erasure(name, at))
            for rank, name, at in ranked
            if (since is None or at >= since) and (last is None or rank < last)
        ]
        page = cut(found[: limit + 1], limit, lambda each: cursors.encode(each[0]))
        return Page([erasure for _, erasure in page.items], page.next_cursor)


@dataclass
class Kept:
    """Satisfies ``Answers``."""

    erased: list[str] = field(default_factory=list)

    async def erase(self, resource_id: str) -> None:
        self.erased.append(resource_id)
