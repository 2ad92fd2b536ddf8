"""Keyset pagination over MongoDB: the orders in which lists are shown, each with its cursors.

A page is read by an index from where the last one ended, so it costs the same at any depth
(Markus Winand, "No Offset").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pymongo import DESCENDING

from shop.common.clock import epoch_ms, of_epoch_ms
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Cursors, InvalidCursor, Page, cut

T = TypeVar("T")


@dataclass(frozen=True)
class NewestFirst:
    """By id: ids sort by the time they were made."""

    name: str
    filters: Document

    sort = (("_id", DESCENDING),)

    def query(self, cursors: Cursors, cursor: str | None) -> Document:
        """Return what finds the documents behind the cursor; raise InvalidCursor."""
        if cursor is None:
            return self.filters
        (last_id,) = cursors.decode(cursor, str)
        return {"$and": [self.filters, {"_id": {"$lt": last_id}}]}

    def key(self, last: Document) -> tuple[str]:
        """Return the sort key of a document."""
        return (last["_id"],)


@dataclass(frozen=True)
class LatestFirst:
    """By a time, and by an id where the times are equal; back to ``since`` at most."""

    name: str
    filters: Document
    time: str
    id: str = "_id"
    since: datetime | None = None

    @property
    def sort(self) -> tuple[tuple[str, int], ...]:
        """Return the sort of MongoDB."""
        return ((self.time, DESCENDING), (self.id, DESCENDING))

    def query(self, cursors: Cursors, cursor: str | None) -> Document:
        """Return what finds the documents behind the cursor; raise InvalidCursor."""
        span: Document = {"$gte": self.since} if self.since else {}
        if cursor is None:
            return {**self.filters, self.time: span} if span else self.filters
        ms, last_id = cursors.decode(cursor, int, str)
        try:
            last_time = of_epoch_ms(ms)
        except ValueError:
            raise InvalidCursor from None
        # Two walks along the index that are merged: neither passes over what was shown before.
        at_that_time = {**self.filters, self.time: last_time, self.id: {"$lt": last_id}}
        before_it = {**self.filters, self.time: {**span, "$lt": last_time}}
        return {"$or": [at_that_time, before_it]}

    def key(self, last: Document) -> tuple[int, str]:
        """Return the sort key of a document."""
        return epoch_ms(last[self.time]), last[self.id]


async def find_page(
    collection: Collection,
    order: NewestFirst | LatestFirst,
    *,
    limit: int,
    cursor: str | None,
    model: Callable[[Document], T],
) -> Page[T]:
    """Read one page; raise InvalidCursor for a cursor of another list or other filters."""
    since = getattr(order, "since", None)
    cursors = Cursors.of(order.name, filters=order.filters, since=since)
    query = order.query(cursors, cursor)
    with mongo_errors():
        found = collection.find(query).sort(list(order.sort)).limit(limit + 1)
        documents: Sequence[Document] = await found.to_list()
    page = cut(documents, limit, lambda last: cursors.encode(*order.key(last)))
    return Page([model(document) for document in page.items], page.next_cursor)
