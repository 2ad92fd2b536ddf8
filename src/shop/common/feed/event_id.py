"""The ids of events: places in the change stream, which every instance knows.

An id grants nothing that the feed itself would not show, so it needs no signature.
"""

import re
from dataclasses import dataclass

from shop.common.errors import FieldError, Gone, Unprocessable
from shop.common.page import Cursors, InvalidCursor

_TOKEN = re.compile(r"82[0-9A-F]{16,1000}")  # begins with a time of the cluster
_HEADER = "Last-Event-ID"


class InvalidEventId(Unprocessable):
    """The id is of no event of this feed."""

    code = "invalid-cursor"
    title = "The id does not belong to this feed"

    def __init__(self) -> None:
        detail = "give the id of an event of this feed as it came, or leave it out"
        super().__init__(
            f"Last-Event-ID is not valid: {detail}.", fields=[FieldError(_HEADER, detail)]
        )


class FeedGone(Gone):
    """What came after the id is no longer known."""

    code = "feed-gone"
    title = "The feed does not reach back so far"

    def __init__(self) -> None:
        super().__init__(
            "What came after this event is no longer known: read the list, then follow the feed "
            "from now on, without Last-Event-ID."
        )


@dataclass(frozen=True)
class EventIds:
    """Makes and reads the ids of one feed."""

    cursors: Cursors

    @classmethod
    def of(cls, feed: str) -> "EventIds":
        """Return the ids of the feed ``feed``."""
        return cls(Cursors.of(f"{feed}/feed"))

    def encode(self, token: str) -> bytes:
        """Return the id of the event that stands right before a place in the stream."""
        return self.cursors.encode(token).encode()

    def decode(self, given: str) -> str:
        """Return the place in the stream; raise InvalidEventId if it is not one of ours."""
        try:
            (token,) = self.cursors.decode(given, str)
        except InvalidCursor:
            raise InvalidEventId from None
        if not _TOKEN.fullmatch(token) or len(token) % 2:
            raise InvalidEventId
        return str(token)
