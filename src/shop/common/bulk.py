"""Several writes as one command, unordered: what became of each.

An insert alone goes as the single one, which costs a tenth less; an update would cost the same.

They do not go as MongoDB's retryable writes, for each of which it writes down in a document that it
was made: a fifth of an update. Where the connection breaks they are sent again all the same. An
insert is known again by its document; updates have to carry conditions that make the second of
two do nothing, and whoever sends them asks what stands where too few were met.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pymongo import UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, WriteError
from pymongo.results import BulkWriteResult

from shop.common.errors import Unavailable
from shop.common.mongo import Collection, Document, mongo_errors, unretried

_DUPLICATE_KEY = 11000
# A change of primary, a shutdown or the end of the time that was given, noticed at one write.
_LET_DOWN = {50, 91, 189, 262, 10107, 11600, 11602, 13435, 13436}


@dataclass(frozen=True)
class Updated:
    """How many updates met their document; what is wrong with some, by their position."""

    matched: int
    faults: Mapping[int, Exception] = field(default_factory=dict)


async def insert_together(
    collection: Collection, documents: Sequence[Document]
) -> list[bool | Exception]:
    """Insert documents; tell which were not there yet, or what is wrong with one.

    Raises Unavailable where it is not known of any.
    """
    with mongo_errors():
        try:
            return await _insert(unretried(collection), documents)
        except ConnectionFailure as error:
            if error.timeout:
                raise
        outcomes = await _insert(collection, documents)
        return await _known_again(collection, documents, outcomes)


async def update_together(collection: Collection, updates: Sequence[UpdateOne]) -> Updated:
    """Update documents; raise Unavailable where it is not known what came of it."""
    with mongo_errors():
        try:
            result = (await write_together(collection, updates)).result
        except BulkWriteError as error:
            return Updated((error.details or {}).get("nMatched", 0), _faults(error))
    return Updated(result.matched_count)


@dataclass(frozen=True)
class Sent:
    """What came of updates. ``again``: sent twice, and the first may yet be under way."""

    result: BulkWriteResult
    again: bool = False


async def write_together(collection: Collection, updates: Sequence[UpdateOne | UpdateMany]) -> Sent:
    """Update documents, once more where the connection breaks; raise what PyMongo raises."""
    try:
        return Sent(await unretried(collection).bulk_write(updates, ordered=False))
    except ConnectionFailure as error:
        if error.timeout:
            raise
    return Sent(await collection.bulk_write(updates, ordered=False), again=True)


async def _insert(collection: Collection, documents: Sequence[Document]) -> list[bool | Exception]:
    if len(documents) == 1:
        return [await _insert_one(collection, documents[0])]
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        return _inserted(error, len(documents))
    return [True] * len(documents)


async def _known_again(
    collection: Collection, documents: Sequence[Document], outcomes: list[bool | Exception]
) -> list[bool | Exception]:
    """Return the outcomes; what was in the way may have been inserted the first time."""
    both = list(zip(documents, outcomes, strict=True))
    asked = {"_id": {"$in": [document["_id"] for document, new in both if new is False]}}
    found = await collection.find(asked).to_list()
    return [new or document in found for document, new in both]


async def _insert_one(collection: Collection, document: Document) -> bool:
    try:
        await collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _inserted(error: BulkWriteError, count: int) -> list[bool | Exception]:
    faults = _faults(error)
    outcomes: list[bool | Exception] = [faults.get(position, True) for position in range(count)]
    return [False if isinstance(each, DuplicateKeyError) else each for each in outcomes]


def _faults(error: BulkWriteError) -> dict[int, Exception]:
    """Return what is wrong with single writes; raise the error if it is about more."""
    details = error.details or {}
    if not details.get("writeErrors") or details.get("writeConcernErrors"):
        raise error
    return {fault["index"]: _fault(fault) for fault in details["writeErrors"]}


def _fault(fault: Document) -> Exception:
    if fault["code"] in _LET_DOWN:
        return Unavailable("The database gave this write up; try again shortly.")
    kind = DuplicateKeyError if fault["code"] == _DUPLICATE_KEY else WriteError
    return kind(fault["errmsg"], fault["code"], fault)
