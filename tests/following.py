"""Follows a live feed as a client does, and notes what it was sent."""

from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
import orjson


@dataclass(frozen=True)
class Event:
    """One event: ``id`` is what to come again with once it was seen."""

    id: str
    kind: str
    data: Any


@dataclass
class Follower:
    """An open feed; ``last_id`` is what to come again with, ``comments`` what was said besides."""

    url: str
    last_id: str = ""
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        self._session = aiohttp.ClientSession(timeout=timeout)
        headers = dict(self.headers)
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        try:
            self.response = await self._session.get(self.url, params=self.params, headers=headers)
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.response.close()
        await self._session.close()

    async def began(self) -> Self:
        """Return once the place is known from which it is followed."""
        while not self.last_id:
            assert await self._block() is not None, "ended before it began"
        return self

    async def next(self) -> Event | None:
        """Return the next event; None when the stream has ended."""
        while (block := await self._block()) is not None:
            if isinstance(block, Event):
                return block
        return None

    async def take(self, count: int) -> list[Event]:
        """Return so many events."""
        events = []
        for _ in range(count):
            event = await self.next()
            assert event is not None, f"ended after {len(events)} events: {self.comments}"
            events.append(event)
        return events

    async def rest(self) -> list[Event]:
        """Return all events up to the end of the stream."""
        events = []
        while event := await self.next():
            events.append(event)
        return events

    async def _block(self) -> Event | str | None:
        """Read up to an empty line; return an event, a text for what is none, None at the end."""
        kind, data = "message", ""
        while line := await self.response.content.readline():
            text = line.decode().removesuffix("\n")
            if not text:
                return Event(self.last_id, kind, orjson.loads(data)) if data else ""
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data += value
            elif not name:
                self.comments.append(value)
        return None


def events_in(text: bytes) -> tuple[list[Event], str]:
    """Return the events in a part of a stream, and the last id in it ("": there is none)."""
    events, last_id = [], ""
    for block in text.decode().split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.split("\n") if line[:1] != ":")
        last_id = fields.get("id", last_id)
        if "data" in fields:
            events.append(Event(last_id, fields["event"], orjson.loads(fields["data"])))
    return events, last_id
