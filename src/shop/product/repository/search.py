"""Which products a search shows, and in which order, at the same cost in any catalogue.

To sort all that match a common word by score, or by age, MongoDB has to read them all. Its text
index, however, gives the matches of one word in a good order by itself: those in which it counts
most first (a name or SKU counts more than a category, that more than a description), and among
equals the newest. So each word has its best matches, up to a bound, and what all words have found
is shown newest first; what has exactly this SKU comes before.
"""

import asyncio
from collections.abc import Sequence

from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Cursors, Page, cut

BEST = 500
"""How many matches of a word are shown."""

LOOKED_AT = 5_000
"""Among how many of a word's best matches those are looked for that pass the other filters."""

WORDS = 10
"""How many words are searched for."""

_EXACT, _WORDS = 0, 1


class MongoSearch:
    """Finds the ids of products by words."""

    def __init__(self, products: Collection) -> None:
        self._products = products

    async def find(self, q: str, filters: Document, *, limit: int, cursor: str | None) -> Page[str]:
        """Return one page of ids; raise InvalidCursor."""
        cursors = Cursors.of("search", q=q, filters=filters)
        rank, last = cursors.decode(cursor, int, str) if cursor else (_EXACT, None)
        words = list(dict.fromkeys(_words(q)))[:WORDS]
        with mongo_errors():
            exact, *found = await asyncio.gather(
                self._exact(q, filters), *(self._best(word, filters) for word in words)
            )
        rest = sorted({i for ids in found for i in ids} - {*exact}, reverse=True)
        shown = [(_EXACT, i) for i in exact if last is None]
        shown += [(_WORDS, i) for i in rest if rank == _EXACT or last is None or i < last]
        page = cut(shown[: limit + 1], limit, lambda key: cursors.encode(*key))
        return Page([product_id for _, product_id in page.items], page.next_cursor)

    async def _exact(self, q: str, filters: Document) -> Sequence[str]:
        found = await self._products.find_one({**filters, "sku": q.strip()}, {"_id": True})
        return [found["_id"]] if found else []

    async def _best(self, word: str, filters: Document) -> Sequence[str]:
        among: list[Document] = [{"$limit": LOOKED_AT}, {"$match": filters}] if filters else []
        best = await self._products.aggregate(
            [
                {"$match": {"$text": {"$search": word}}},
                *among,
                {"$limit": BEST},
                {"$project": {"_id": True}},
            ]
        )
        return [document["_id"] for document in await best.to_list()]


def _words(q: str) -> Sequence[str]:
    """Return the words; none has a meaning of its own, as in MongoDB ``-`` and quotes have."""
    return [word for word in q.replace('"', " ").replace("-", " ").split() if word]
