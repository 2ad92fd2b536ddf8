"""What a feed says, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import orjson

from shop.common.feed.change import Change, Shown
from shop.common.feed.event_id import EventIds, FeedGone

ALIVE = b": alive\n"
SLOW = b": too slow for what is kept\n\n"


def text(ids: EventIds, change: Change, shown: Shown | None) -> bytes:
    """Return the event of a change; None: what was changed is not there any more."""
    data: dict[str, object] = {"id": change.id}
    if shown:
        resource = shown.resource
        data["version"] = change.version or resource.version
        data["etag"] = f'"{resource.version}"'
        data["resource"] = orjson.Fragment(resource.body)
    lines = (b"id: " + ids.encode(change.token), f"event: {change.kind}".encode())
    return b"\n".join((*lines, b"data: " + orjson.dumps(data), b"\n"))


def id_only(event_id: bytes) -> bytes:
    """Return a place to go on from, and nothing that happened there."""
    return b"id: " + event_id + b"\n\n"


def gone(error: FeedGone) -> bytes:
    """Return the last event; its empty id lets a browser begin anew when it comes again."""
    data = orjson.dumps({"code": error.code, "detail": error.detail})
    return b"event: gone\nid:\ndata: " + data + b"\n\n"
