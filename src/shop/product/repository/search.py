"""Which products a search shows, and in which order, at the same cost in any catalogue.

To sort all that match a common word by score, or by age, MongoDB has to read them all. Its text
index, however, gives the matches of one word in a good order by itself: those in which it counts
most first (a name or SKU counts more than a category, that more than a description), and among
equals the newest. So each word has its best matches, up to a bound, and what all words have found
is shown newest first; what has exactly this SKU comes before.
"""

from collections.abc import Sequence

from pymongo import DESCENDING

from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Cursors, Page, cut

BEST = 500
"""How many matches of a word are shown."""

LOOKED_AT = 5_000
"""Among how many of a word's best matches those are looked for that pass the other filters."""

WORDS = 10
"""How many words are searched for."""

_EXACT, _WORDS = 0, 1
_SHOWN: Document = {"$unset": "marks"}
Stages = list[Document]
_ById = dict[str, Document]


class MongoSearch:
    """Finds products by words, with one command."""

    def __init__(self, products: Collection) -> None:
        self._products = products

    async def find(
        self, q: str, filters: Document, *, limit: int, cursor: str | None
    ) -> Page[Document]:
        """Return one page of documents, without their marks; raise InvalidCursor."""
        cursors = Cursors.of("search", q=q, filters=filters)
        rank, last = cursors.decode(cursor, int, str) if cursor else (_EXACT, None)
        behind = last if rank == _WORDS else None
        parts = [_exact(q, filters)]
        parts += [_best(word, filters, behind, limit + 2) for word in _words(q)]
        exact, rest = await self._found(parts)
        shown = [(_EXACT, product_id) for product_id in exact if last is None]
        shown += [(_WORDS, product_id) for product_id in sorted(rest, reverse=True)]
        page = cut(shown[: limit + 1], limit, lambda key: cursors.encode(*key))
        found = exact | rest
        return Page([found[product_id] for _, product_id in page.items], page.next_cursor)

    async def _found(self, parts: Sequence[Stages]) -> tuple[_ById, _ById]:
        """Return what the first part has found, and what only the others have."""
        first, *others = parts
        joined = [{"$unionWith": {"coll": self._products.name, "pipeline": p}} for p in others]
        with mongo_errors():
            documents = await (await self._products.aggregate([*first, *joined])).to_list()
        exact = {each["_id"]: each for each in documents if each.pop("exact", False)}
        return exact, {each["_id"]: each for each in documents if each["_id"] not in exact}


def _exact(q: str, filters: Document) -> Stages:
    """Find what has exactly this SKU."""
    return [{"$match": {**filters, "sku": q.strip()}}, {"$set": {"exact": True}}, _SHOWN]


def _best(word: str, filters: Document, behind: str | None, most: int) -> Stages:
    """Find the newest of a word's best matches, which lie behind this id.

    The newest of all words are among the newest of each, so no more have to be sent.
    """
    among: Stages = [{"$limit": LOOKED_AT}, {"$match": filters}] if filters else []
    there: Stages = [{"$match": {"_id": {"$lt": behind}}}] if behind is not None else []
    text: Document = {"$match": {"$text": {"$search": word}}}
    newest: Stages = [{"$sort": {"_id": DESCENDING}}, {"$limit": most}]
    return [text, *among, {"$limit": BEST}, *there, *newest, _SHOWN]


def _words(q: str) -> Sequence[str]:
    """Return the words; none has a meaning of its own, as in MongoDB ``-`` and quotes have."""
    words = [word for word in q.replace('"', " ").replace("-", " ").split() if word]
    return list(dict.fromkeys(words))[:WORDS]
