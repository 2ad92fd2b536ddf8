"""One connection of aiohttp's server, which knows whether it is idle, and has a short way.

Of what it uses of aiohttp's own, some is not public: the messages that wait (``_messages``), what
the task that answers them waits for (``_waiter``), and when an idle connection is closed. setup.cfg
says which versions are known to have them; tests of the short way fail where they change.
"""

import asyncio
import select
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from shop.common.web import problems
from shop.common.web.shortcut import Shortcuts
from shop.common.web.slow_clients import Bounded


class Connection(Bounded):
    """Takes requests and answers them, one after the other."""

    __slots__ = ("_behind", "_body", "_on_short_way", "_shortcuts", "cancel_when_lost")

    def __init__(self, *arguments: Any, shortcuts: Shortcuts | None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._shortcuts = shortcuts
        self._on_short_way = False
        self._behind = b""
        self._body: StreamReader = EMPTY_PAYLOAD  # of the request that came last
        self.cancel_when_lost = False

    def connection_lost(self, exc: BaseException | None) -> None:
        """End what serves it where that would go on without it: a stream of events."""
        if self.cancel_when_lost and self._task_handler is not None:
            self._task_handler.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what comes in; a request that comes alone may be answered on the short way."""
        if self._on_short_way:
            self._wait(data)
            return
        shortcuts, waiter = self._shortcuts, self._waiter
        if shortcuts is None or waiter is None or waiter.done() or self._messages:
            self._feed(data)
            return
        self._waiter = None  # so that nobody is woken yet
        self._feed(data)
        self._waiter = waiter
        if self._messages and not self._take(shortcuts):
            waiter.set_result(None)

    def _feed(self, data: bytes) -> None:
        """Have it parsed, and know whether it is the beginning of a request."""
        body_came, known = self._body.is_eof(), self._request_count
        super().data_received(data)
        if self._request_count > known:
            self._head_begun, self._body = False, self._messages[-1][1]
        elif body_came and data.strip():  # some send a line break after a body
            self._head_begun = True

    # --- The short way ---------------------------------------------------------------------------

    def _take(self, shortcuts: Shortcuts) -> bool:
        message, body = self._messages[0]
        if (
            len(self._messages) > 1
            or body is not EMPTY_PAYLOAD
            or not isinstance(message, RawRequestMessage)
            or self._paused  # the caller is slow to read
        ):
            return False
        self._next_keepalive_close_time = self._loop.time() + self.keepalive_timeout
        self._on_short_way = shortcuts.take(message, self.peername, self._end_short_way)
        return self._on_short_way

    def _wait(self, data: bytes) -> None:
        """Keep what comes behind a request that is being answered, and read no more."""
        self._behind += data
        if self.transport is not None:
            self.transport.pause_reading()

    def _end_short_way(self, answer: bytes | None) -> None:
        """Send the answer, or let the request go the long way; then go on reading."""
        self._on_short_way = False
        waiter, transport, parser = self._waiter, self.transport, self._parser
        if waiter is None or waiter.done() or transport is None or parser is None:
            return  # it was closed meanwhile
        if answer is None:
            waiter.set_result(None)
        else:
            self._messages.popleft()
            parser.message_consumed()
            _send(transport, answer)
        if self._behind:
            data, self._behind = self._behind, b""
            transport.resume_reading()
            self.data_received(data)

    # --- What cannot be parsed, and the end ------------------------------------------------------

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer a request that cannot be parsed, and close the connection."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already, no other can be sent") from exc
        if status >= 500:
            self.log_exception("error outside of a handler", exc_info=exc)
            response = problems.internal_error()
        else:
            phrase = HTTPStatus(status).phrase
            response = problems.problem(
                status, "malformed-request", phrase, "This is not valid HTTP."
            )
        response.force_close()
        return response

    @property
    def idle(self) -> bool:
        """Whether no request is being answered, nor arriving."""
        waits = self._waiter is not None and not self._waiter.done() and not self._on_short_way
        return waits and not self._head_begun and not self._unseen()

    def _unseen(self) -> bool:
        """Say whether the system holds something that the loop has not seen yet."""
        if self.transport is None or self.transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))


def _send(transport: asyncio.Transport, answer: bytes) -> None:
    try:
        transport.write(answer)
    except RuntimeError:  # uvloop's, where it was reset between two writes
        transport.abort()
