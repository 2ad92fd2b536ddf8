"""Idempotency keys in MongoDB, in the database of what is made under them.

Keys that come at the same time are written by one command, and so are the answers.
"""

from collections.abc import Sequence
from datetime import timedelta
from secrets import token_hex

from pymongo import ASCENDING, IndexModel, UpdateOne

from shop.common import clock
from shop.common.bulk import insert_together, update_together
from shop.common.clock import Clock
from shop.common.config import HttpConfig
from shop.common.gathered import Gathered
from shop.common.mongo import Collection, Database, Document, ensure_indexes, mongo_errors
from shop.common.web.once import Answer, Claim, Erased, InProgress, KeyReused

KEPT = timedelta(hours=24)
_NOT_ERASED = {"erased": {"$exists": False}}

MARGIN = timedelta(seconds=5)
"""How much longer than a request is given its key is held for it, and not for ever."""

INDEXES = (
    IndexModel([("resourceId", ASCENDING)], name="resource"),
    IndexModel(
        [("createdAt", ASCENDING)], name="kept", expireAfterSeconds=int(KEPT.total_seconds())
    ),
)


async def opened(database: Database, config: HttpConfig) -> "MongoKeys":
    """Return the keys of a service, which it holds for longer than it gives a request."""
    lease = timedelta(seconds=config.request_timeout_s) + MARGIN
    keys = MongoKeys(database["idempotencyKeys"], lease)
    await keys.prepare()
    return keys


class MongoKeys:
    """Keeps keys in a collection; satisfies ``Keys``. ``lease``: how long a holder has."""

    def __init__(self, collection: Collection, lease: timedelta, clock: Clock = clock.now) -> None:
        self._keys = collection
        self._lease = lease
        self._now = clock
        self._insert = Gathered(self._insert_together)
        self._keep = Gathered(self._keep_together)

    async def prepare(self) -> None:
        """Create the indexes: by one, keys go after a day; by the other they are erased."""
        await ensure_indexes(self._keys, INDEXES)

    async def claim(self, key: str, fingerprint: str, resource_id: str) -> Claim | Answer:
        """Hold a key that is new or was left by its holder; return its answer if it has one."""
        new = self._held() | {
            "_id": key,
            "fingerprint": fingerprint,
            "resourceId": resource_id,
            "createdAt": self._now(),
        }
        if await self._insert(new):
            return Claim(key, new["token"], resource_id)
        return await self._again(key, fingerprint, resource_id)

    async def remember(self, claim: Claim, answer: Answer) -> Answer:
        """Keep the answer and return it, or return the one that another holder has kept.

        Only who holds the key decides: a refusal that comes late must not stand where another has
        made the thing since. Raises InProgress where that one has not answered yet.
        """
        if await self._keep((claim, answer)):
            return answer
        with mongo_errors():
            there = await self._keys.find_one({"_id": claim.key})
        if there is None:  # a day has passed
            return answer
        if there.get("erased"):
            raise Erased
        if "answer" not in there:
            raise InProgress
        return _answer(there)

    async def erase(self, resource_id: str) -> None:
        """Forget what was answered about this resource, whose personal data it may hold.

        The key itself stays for its day: a late repetition makes nothing a second time. Refusals
        show nothing of the resource, and stay.
        """
        made = {"resourceId": resource_id, "answer.status": {"$lt": 300}}
        erased = {"$set": {"erased": True}, "$unset": {"answer": "", "fingerprint": ""}}
        with mongo_errors():
            await self._keys.update_many(made, erased)

    async def let_go(self, claim: Claim) -> None:
        """Let the next request with this key try again at once, with the same id."""
        with mongo_errors():
            await self._keys.update_one(_ours(claim), {"$set": {"leaseUntil": self._now()}})

    async def _insert_together(self, keys: Sequence[Document]) -> Sequence[bool | Exception]:
        """Write keys down; tell which were not there yet."""
        return await insert_together(self._keys, keys)

    async def _keep_together(
        self, answers: Sequence[tuple[Claim, Answer]]
    ) -> Sequence[bool | Exception]:
        """Keep answers; tell which claims still held their key.

        Where some did not, an answer beside our token is ours: nobody takes over an answered key.
        """
        claims = [claim for claim, _ in answers]
        done = await update_together(self._keys, [_kept(*each) for each in answers])
        if done.matched == len(answers):
            return [True] * len(answers)
        asked = {"_id": {"$in": [claim.key for claim in claims]}, "answer": {"$exists": True}}
        with mongo_errors():
            found = await self._keys.find(asked, {"token": True}).to_list()
        ours = {(document["_id"], document["token"]) for document in found}
        return [done.faults.get(n, (c.key, c.token) in ours) for n, c in enumerate(claims)]

    async def _again(self, key: str, fingerprint: str, resource_id: str) -> Claim | Answer:
        with mongo_errors():
            there = await self._keys.find_one({"_id": key})
        if there is None:  # it went in between
            return await self.claim(key, fingerprint, resource_id)
        if there.get("erased"):
            raise Erased
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
            **_NOT_ERASED,
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
    return {"_id": claim.key, "token": claim.token, "answer": {"$exists": False}, **_NOT_ERASED}


def _kept(claim: Claim, answer: Answer) -> UpdateOne:
    kept = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    return UpdateOne(_ours(claim), {"$set": {"answer": kept}})


def _answer(document: Document) -> Answer:
    kept = document["answer"]
    return Answer(kept["status"], kept["headers"], kept["body"])
