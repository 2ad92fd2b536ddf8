"""The short way of a GET by id: answered in its connection, where what it asks for is at hand.

A request of aiohttp's, its task, its response and the layers around cost more than twice what
parsing, asking Redis and sending cost. So a plain GET of one resource is answered without them:
with the same head, line of log, metrics and place among what is in flight. A request that asks for
anything more, and one whose answer is not at hand (it is not cached, Redis is away, the service is
overloaded), goes the long way, as if there were no other. Nothing is refused or fails here.
"""

from collections.abc import Callable, Iterable
from time import monotonic

from aiohttp.http import HttpVersion11, RawRequestMessage
from multidict import istr

from shop.common.representation import Glance, Representation
from shop.common.trace import Trace
from shop.common.web import head
from shop.common.web.admission import Admission
from shop.common.web.arrival import FRESH, TIMEOUT, TRACE
from shop.common.web.conditional import etag, is_ours
from shop.common.web.observer import Observer
from shop.common.web.parameters import parser
from shop.common.web.rates import ReadRate
from shop.common.web.spec import Operation

Answer = Callable[[bytes | None], None]
"""Is given the whole answer; None: there is none, the request has to go the long way."""

_KNOWN = istr("If-None-Match")
_MORE = (FRESH, TIMEOUT, *map(istr, ("Origin", "Expect")))
"""With these headers a request asks for more than the resource.

Not with a token: what is answered here is for everyone, and the long way does not look at one.
"""


class Shortcuts:
    """The short ways of one service: none, until something is offered.

    ``timeout_s``: what a request is given. ``added``: lines that every head of an answer has.
    ``guarded``: callers are held to what operations say of them, which is not done here.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        admission: Admission,
        observer: Observer,
        rate: ReadRate | None,
        *,
        timeout_s: float,
        added: str = "",
        guarded: bool = False,
    ) -> None:
        self.admission = admission
        self.observer = observer
        self.rate = rate
        self.timeout_s = timeout_s
        self.added = added
        self._guarded = guarded
        self._operations = {operation.id: operation for operation in operations}
        self._by_folder: dict[str, _Shortcut] = {}

    def offer(self, operation_id: str, glance: Glance) -> None:
        """Answer this operation, a GET by id, with what ``glance`` has at hand.

        One that is not for everyone goes the long way all the same, where it is seen who asks.
        """
        operation = self._operations[operation_id]
        if self._guarded and operation.allowed:
            return
        folder = operation.path.rpartition("/")[0]
        self._by_folder[folder] = _Shortcut(self, operation, glance)

    def close(self) -> None:
        """Let every request go the long way from now on."""
        self._by_folder.clear()

    def take(self, message: RawRequestMessage, peer: object, answer: Answer) -> bool:
        """Begin to answer, and call ``answer`` later on; or return False: it is not for here.

        ``peer``: the socket's name of who asks.
        """
        folder, _, key = message.path.rpartition("/")
        shortcut = self._by_folder.get(folder)
        if shortcut is None or not is_plain(message):
            return False
        caller = self.rate.caller(peer, message.headers) if self.rate else None
        return shortcut.take(message, key, caller, answer)


def is_plain(message: RawRequestMessage) -> bool:
    """Tell whether this is a GET that asks for no more than the resource."""
    headers = message.headers
    return (
        message.method == "GET"
        and message.version == HttpVersion11
        and not (message.should_close or message.upgrade or message.chunked)
        and not any(name in headers for name in _MORE)
        and (_KNOWN not in headers or is_ours(headers[_KNOWN]))
    )


class _Shortcut:
    """That of one operation."""

    def __init__(self, shared: Shortcuts, operation: Operation, glance: Glance) -> None:
        self.operation = operation.id
        self.shared = shared
        self._glance = glance
        (parameter,) = operation.declared("path")
        self._check = parser(parameter)

    def take(
        self, message: RawRequestMessage, key: str, caller: str | None, answer: Answer
    ) -> bool:
        admission, passage = self.shared.admission, _Passage(self, message, caller, answer)
        try:
            self._check(key)
        except ValueError:
            return False
        if not admission.admits(self.operation, self.shared.timeout_s):
            return False
        if passage.spend():
            if self._glance.ask(key, passage.end):
                return True
            passage.give_back()
        admission.withdraw(self.operation)
        return False


class _Passage:
    """One request on the short way."""

    __slots__ = ("_answer", "_began_s", "_caller", "_message", "_shortcut")

    def __init__(
        self, shortcut: _Shortcut, message: RawRequestMessage, caller: str | None, answer: Answer
    ) -> None:
        self._began_s = monotonic()
        self._shortcut = shortcut
        self._message = message
        self._caller = caller
        self._answer = answer

    def spend(self) -> bool:
        """Count it for its caller; False: they ask too often, which the long way tells them."""
        rate = self._shortcut.shared.rate
        return rate is None or self._caller is None or not rate.spend(self._caller)

    def give_back(self) -> None:
        """Count it no more: it goes the long way, where it is counted again."""
        rate = self._shortcut.shared.rate
        if rate is not None and self._caller is not None:
            rate.give_back(self._caller)

    def end(self, found: Representation | None) -> None:
        """Answer with what was found, if anything was."""
        operation, shared = self._shortcut.operation, self._shortcut.shared
        if found is None:
            shared.admission.withdraw(operation)
            self.give_back()
            self._answer(None)
            return
        message = self._message
        current = Trace.of(message.headers.get(TRACE))
        added = f"{TRACE}: {current.traceparent}\r\n{shared.added}"
        status, answer = _encoded(found, message.headers.get(_KNOWN), added)
        self._answer(answer)
        taken_s = monotonic() - self._began_s
        shared.admission.leave(operation, late=taken_s >= shared.timeout_s)
        shared.observer.answered(operation, "GET", message.path, status, taken_s, current)


def _encoded(found: Representation, known: str | None, added: str) -> tuple[int, bytes]:
    tag = etag(found.version)
    if known == tag:
        return 304, head.not_modified(tag, added)
    return 200, head.json(tag, len(found.body), added) + found.body
