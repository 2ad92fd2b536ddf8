"""Joins a feed to a service: who may follow it, and how it is answered."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge

from shop.common import caller
from shop.common.config import FeedConfig
from shop.common.feed.change import Watched
from shop.common.feed.feed import Feed, FeedOptions
from shop.common.web import REGISTRY
from shop.common.web import event_stream as streams
from shop.common.web.event_stream import STREAMS, EventStream, StreamOptions, Streams

FEED: web.AppKey[Feed] = web.AppKey("feed", Feed)


@asynccontextmanager
async def opened(app: web.Application, watched: Watched, config: FeedConfig) -> AsyncIterator[None]:
    """Let the application have a feed of a collection, as long as the code inside runs."""
    feed = Feed(watched, FeedOptions(config.buffer_bytes, config.heartbeat_s))
    options = StreamOptions(config.listeners, config.lifetime_s, config.write_timeout_s)
    app[FEED] = feed
    app[STREAMS] = Streams(options, _measured(app[REGISTRY], feed))
    try:
        yield
    finally:
        await feed.close()


async def follow(request: web.Request, customer_id: str | None) -> EventStream:
    """Answer with what changes from now on, or since ``Last-Event-ID``.

    A shopper sees what is its own; all others see all, or what ``customer_id`` names. The answer
    ends with the token that it was asked for with.
    """
    feed, all_streams = request.app[FEED], request.app[STREAMS]
    who = caller.current()
    owner = _whose(who, customer_id)
    place = await feed.place(request.headers.get("Last-Event-ID"))
    left_s = None if who.until_s is None else who.until_s - time.time()
    return EventStream(all_streams, lambda: feed.chunks(place, owner), left_s)


def _whose(who: caller.Caller, asked: str | None) -> str | None:
    """Return whose changes are shown: "" is nobody's, None everybody's."""
    if who.kind is not caller.Kind.SHOPPER:
        return asked
    own = who.customer_id or ""
    return own if asked in (None, own) else ""


def _measured(registry: CollectorRegistry, feed: Feed) -> "streams.Ended":
    listeners = Gauge("shop_feed_listeners", "Those who follow the feed.", registry=registry)
    listeners.set_function(lambda: feed.followers)
    held = Gauge("shop_feed_buffer_bytes", "Kept for the slower ones.", registry=registry)
    held.set_function(lambda: feed.held_bytes)
    ended = Counter("shop_feed_ended", "Streams that ended.", ["reason"], registry=registry)
    for reason in (streams.STOPPED, streams.EXPIRED, streams.UNREAD, streams.LOST, streams.ENDED):
        ended.labels(reason)
    return lambda reason: ended.labels(reason).inc()
