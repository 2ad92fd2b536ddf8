"""The handlers of a service that has one thing, and many ways to go wrong."""

import asyncio
from dataclasses import dataclass, field

import orjson
from aiohttp.web import AppKey, Request, Response, json_response

from shop.common import peer, trace
from shop.common.errors import Conflict, NotFound, PreconditionFailed, Unavailable
from shop.common.page import Page
from shop.common.representation import Representation
from shop.common.web import (
    body,
    changed,
    created,
    if_match,
    listing,
    no_content,
    patch,
    query,
    representation,
)
from shop.common.web.schema import Schema, text

SECRET = "hunter2"


class ThingSchema(Schema):
    name = text(1, 2 * 1024 * 1024, required=True)


class ThingPatchSchema(Schema):
    name = text(1, 10)


ThingSchema.__module__ = ThingPatchSchema.__module__ = "tiny.schemas"  # they are no handlers


@dataclass
class _State:
    """What the test sees and steers."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    finished: list[str] = field(default_factory=list)


STATE = AppKey("state", _State)
_thing, _patch = ThingSchema(), ThingPatchSchema()


def _show(thing: dict[str, str], version: int = 3) -> Representation:
    return Representation(version, orjson.dumps(thing))


async def list_things(request: Request) -> Response:
    wanted = query(request)
    more = wanted["cursor"] is None
    return listing(request, Page(list(range(wanted["limit"])), "next" if more else None), str)


async def create_thing(request: Request) -> Response:
    return created(request, "/things/th_1", _show(await body(request, _thing), 1))


async def get_thing(request: Request) -> Response:
    if request.match_info["thingId"] != "th_1":
        raise NotFound("There is no such thing.")
    return representation(request, _show({"name": "one"}))


async def replace_thing(request: Request) -> Response:
    thing = await body(request, _thing)
    expected = if_match(request)
    if expected is not None and 3 not in expected:
        raise PreconditionFailed("It is at version 3.")
    return changed(_show(thing, 4))


async def patch_thing(request: Request) -> Response:
    change = await patch(request, _patch, _thing)
    return changed(_show(change({"name": "one"}), 4))


async def delete_thing(_: Request) -> Response:
    return no_content()


async def do_what_is_odd(request: Request) -> Response:
    state, what = request.app[STATE], request.match_info["what"]
    state.entered.set()
    if what == "fail":
        raise RuntimeError(SECRET)
    if what == "conflict":
        raise Conflict("No.", allowedTransitions=["pay"])
    if what == "away":
        raise Unavailable("The database cannot be reached.", retry_after_s=2.5)
    if what == "peer-away":
        raise peer.PeerUnavailable("product", SECRET)
    if what == "peer-slow":
        raise peer.DeadlineExceeded(SECRET)
    if what == "deadline":
        return json_response({"left_s": peer.current_deadline().remaining_s()})
    if what == "outgoing":
        return json_response(dict(trace.outgoing()))
    if what == "wait":
        await state.go.wait()
    state.finished.append(what)
    return json_response({"done": what})
