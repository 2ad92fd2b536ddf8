"""Idempotency keys in MongoDB, in the database of what is made under them."""

from datetime import timedelta
from secrets import token_hex

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from shop.common import clock
from shop.common.clock import Clock
from shop.common.mongo import Collection, Document, ensure_indexes, mongo_errors
from shop.common.web.once import Answer, Claim, InProgress, KeyReused

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=15)
"""How long a holder is waited for: longer than a request is given, and not for ever."""

INDEXES = (
    IndexModel(
        [("createdAt", ASCENDING)], name="kept", expireAfterSeconds=int(KEPT.total_seconds())
    ),
)


class MongoKeys:
    """Keeps keys in a collection; satisfies ``Keys``."""

    def __init__(
        self, collection: Collection, lease: timedelta = LEASE, clock: Clock = clock.now
    ) -> None:
        self._keys = collection
        self._lease = lease
        self._now = clock

    async def prepared(self) -> "MongoKeys":
        """Create the index by which keys go after a day, and return these keys."""
        await ensure_indexes(self._keys, INDEXES)
        return self

    async def claim(self, key: str, fingerprint: str, resource_id: str) -> Claim | Answer:
        """Hold a key that is new or was left by its holder; return its answer if it has one."""
        new = self._held() | {
            "_id": key,
            "fingerprint": fingerprint,
            "resourceId": resource_id,
            "createdAt": self._now(),
        }
        try:
            with mongo_errors():
                await self._keys.insert_one(new)
        except DuplicateKeyError:
            return await self._again(key, fingerprint, resource_id)
        return Claim(key, new["token"], resource_id)

    async def remember(self, claim: Claim, answer: Answer) -> Answer:
        """Keep the answer, unless there is one already; return the one that is kept."""
        kept = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
        with mongo_errors():
            found = await self._keys.find_one_and_update(
                {"_id": claim.key, "answer": {"$exists": False}}, {"$set": {"answer": kept}}
            )
            there = None if found else await self._keys.find_one({"_id": claim.key})
        return _answer(there) if there and "answer" in there else answer

    async def let_go(self, claim: Claim) -> None:
        """Let the next request with this key try again at once, with the same id."""
        with mongo_errors():
            await self._keys.update_one(_ours(claim), {"$set": {"leaseUntil": self._now()}})

    async def _again(self, key: str, fingerprint: str, resource_id: str) -> Claim | Answer:
        with mongo_errors():
            there = await self._keys.find_one({"_id": key})
        if there is None:  # it went in between
            return await self.claim(key, fingerprint, resource_id)
        if there["fingerprint"] != fingerprint:
            raise KeyReused
        if "answer" in there:
            return _answer(there)
        return await self._take_over(there)

    async def _take_over(self, there: Document) -> Claim:
        left = {
            "_id": there["_id"],
            "token": there["token"],
            "leaseUntil": {"$lte": self._now()},
            "answer": {"$exists": False},
        }
        held = self._held()
        with mongo_errors():
            result = await self._keys.update_one(left, {"$set": held})
        if result.matched_count == 0:
            raise InProgress
        return Claim(there["_id"], held["token"], there["resourceId"])

    def _held(self) -> Document:
        return {"token": token_hex(8), "leaseUntil": self._now() + self._lease}


def _ours(claim: Claim) -> Document:
    return {"_id": claim.key, "token": claim.token, "answer": {"$exists": False}}


def _answer(document: Document) -> Answer:
    kept = document["answer"]
    return Answer(kept["status"], kept["headers"], kept["body"])
