"""A POST that creates is done once for each ``Idempotency-Key``.

The key is written down before anything is made, with the id of what will be made. So whoever
takes a key over, from a holder that crashed or was too slow, makes the very same thing again, and
making it again is idempotent by its id. There is no moment in which the thing exists and the key
does not. Only who holds the key keeps an answer; see docs/adr/0014-idempotency-keys.md.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import orjson
from aiohttp import web

from shop.common import caller
from shop.common.errors import Conflict, FieldError, ShopError, Unprocessable
from shop.common.ids import new_id
from shop.common.peer import Deadline, PeerError, deadline_scope
from shop.common.web import problems
from shop.common.web.routes import OPERATION

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("Content-Type", "ETag", "Location", "Retry-After")

_LET_GO_S = 0.2  # past the request's own time, within the grace that it has to answer

Make = Callable[[str], Awaitable[web.Response]]


@dataclass(frozen=True)
class Answer:
    """What was answered once, and is answered again."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Claim:
    """A key that is held, for as long as its lease: what is made under it has this id."""

    key: str
    token: str
    resource_id: str


class Keys(Protocol):
    """Where keys and their answers are kept. All raise Unavailable while it is away."""

    async def claim(self, key: str, fingerprint: str, resource_id: str) -> Claim | Answer:
        """Hold a key that is new or was left by its holder; return its answer if it has one.

        Raises KeyReused where it came with another request, InProgress where another holds it,
        Erased where what it made is gone.
        """

    async def remember(self, claim: Claim, answer: Answer) -> Answer:
        """Keep the answer and return it, or return the one that another holder has kept.

        Raises InProgress where another holds the key by now and has kept none yet, Erased where
        what it made is gone.
        """

    async def let_go(self, claim: Claim) -> None:
        """Let the next request with this key try again at once, with the same id."""


KEYS: web.AppKey[Keys] = web.AppKey("keys", Keys)


class KeyReused(Unprocessable):
    """The key came before, with another request."""

    code = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"

    def __init__(self) -> None:
        detail = "Use a new Idempotency-Key for each request that differs."
        super().__init__(detail, fields=[FieldError(HEADER, detail)])


class InProgress(Conflict):
    """The first request with the key has not been answered yet."""

    code = "request-in-progress"
    title = "The first request with this Idempotency-Key is still in progress"
    retry_after_s = 1.0

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key goes on; ask again shortly.")


class Erased(Conflict):
    """What was made with the key has been erased, and so has the answer."""

    code = "erased"
    title = "What was made with this Idempotency-Key has been erased"

    def __init__(self) -> None:
        super().__init__("It has been made, and erased since; to make another, use a new key.")


async def once(request: web.Request, prefix: str, make: Make) -> web.Response:
    """Answer with what ``make`` returns for a new id with this prefix, or with the first answer.

    To be called when the body is known to be valid. ``make`` must be idempotent by the id. Its
    errors are answers too and are remembered, but for 5xx. Raises KeyReused, InProgress, Erased.
    """
    resource_id = new_id(prefix)
    given = request.headers.getall(HEADER, [])
    if not given:
        return await make(resource_id)
    if len(given) > 1:
        raise _repeated()
    keys = request.app[KEYS]
    key = f"{request[OPERATION].id}:{_whose()}{given[0]}"
    held = await keys.claim(key, await _fingerprint(request), resource_id)
    return _replay(held) if isinstance(held, Answer) else await _answer(keys, held, make)


def _whose() -> str:
    """Return what keeps the keys of one caller from those of others.

    No name of a caller has a blank, so none can pass for another by what its keys begin with.
    """
    who = caller.current()
    if who.kind is caller.Kind.ANYONE:
        return ""
    return f"{who.kind}:{who.customer_id or who.subject} "


def _repeated() -> Unprocessable:
    fields = [FieldError(HEADER, "is given more than once")]
    return Unprocessable("A header breaks the schema; see errors.", fields=fields)


async def _answer(keys: Keys, held: Claim, make: Make) -> web.Response:
    """Answer, and keep the answer; where either fails, the next request tries again at once."""
    try:
        response = await _made(held, make)
        answer = _answer_of(response)
        kept = await keys.remember(held, answer)
    except Exception:
        with suppress(ShopError, PeerError), deadline_scope(Deadline.after(_LET_GO_S)):
            await keys.let_go(held)
        raise
    return response if kept == answer else _replay(kept)


async def _made(held: Claim, make: Make) -> web.Response:
    try:
        return await make(held.resource_id)
    except ShopError as error:
        if problems.status_of(error) >= 500:
            raise
        return problems.of_shop_error(error)


async def _fingerprint(request: web.Request) -> str:
    """Return what tells two requests apart: the address and what the body says."""
    document = orjson.loads(await request.read())
    said = orjson.dumps([request.path, document], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()


def _answer_of(response: web.Response) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body = response.body
    return Answer(response.status, headers, body if isinstance(body, bytes) else b"")


def _replay(answer: Answer) -> web.Response:
    headers = {**answer.headers, REPLAYED: "true"}
    return web.Response(status=answer.status, headers=headers, body=answer.body)
