"""Asks a peer: what comes at the same time travels as one request.

One operation alone goes as the single request. Where a batch as a whole is refused, by an instance
that knows of none or for the sake of one entry, each operation goes alone. A batch may be sent
again as each of its operations may, and has as much time as the most patient of its callers. It
carries the trace of the caller who came first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from shop.common import spans, trace
from shop.common.errors import DeadlineExceeded, ShopError, Unavailable
from shop.common.gathered import Gathered
from shop.common.peer import (
    Deadline,
    PeerClient,
    PeerError,
    PeerResponse,
    current_deadline,
    deadline_scope,
)
from shop.common.spans import Kind

_BASE = "/api/v1"
AT_ONCE = 1
PATIENCE_S = 0.1
"""A batch that takes longer holds up no other: its instance may hang, and there are more."""

log = structlog.get_logger()


class UnexpectedAnswer(ShopError):
    """A peer answered with what its contract does not have."""

    code = "unexpected-answer"
    title = "Another service answered what was not expected"


class Operation(NamedTuple):
    """What is asked for an order: as a request of its own, and as an ``entry`` of a batch."""

    order_id: str
    method: str
    path: str
    entry: Mapping[str, Any]
    body: Mapping[str, Any] | None = None


class Outcome(NamedTuple):
    """What a batch says of one of its operations, read as a single answer is."""

    status: int
    body: Any

    def json(self) -> Any:
        """Return the body."""
        return self.body


Answer = PeerResponse | Outcome


class _Call(NamedTuple):
    operation: Operation
    timeout_s: float
    due: Deadline
    trace: trace.Trace | None


class Asking:
    """What one peer is asked, and what the timeline may say when that fails: no addresses."""

    def __init__(self, name: str, client: PeerClient, batch: str) -> None:
        self._name = name
        self._client = client
        self._batch = batch
        self._gathered: Gathered[_Call, Answer] = Gathered(
            self._together, at_once=AT_ONCE, patience_s=PATIENCE_S
        )

    async def ask(self, operation: Operation, timeout_s: float) -> Answer:
        """Return the answer; raise Unavailable where there is none, or only that it failed."""
        due, current = Deadline.after(timeout_s), current_deadline()
        if current is not None and current.at_s < due.at_s:
            due = current
        with deadline_scope(due):
            try:
                answer = await self._gathered(_Call(operation, timeout_s, due, trace.current()))
            except DeadlineExceeded as error:
                raise self._silent() from error
        if answer.status >= 500:
            raise self._silent()
        return answer

    async def read(self, path: str, timeout_s: float) -> Answer:
        """Return the answer to a GET that is about no single order; raise Unavailable."""
        try:
            return await self._client.call("GET", _BASE + path, timeout_s=timeout_s)
        except PeerError as error:
            log.info("peer did not answer", peer=self._name, reason=error.reason)
            raise self._silent() from error

    def unexpected(self, answer: Answer) -> UnexpectedAnswer:
        """Return the error for an answer that the contract does not have."""
        return UnexpectedAnswer(f"{self._name} answered {answer.status}")

    async def _together(self, calls: Sequence[_Call]) -> Sequence[Answer | Exception]:
        if len(calls) == 1:
            return [await self._alone(calls[0])]
        entries = [call.operation.entry for call in calls]
        answer = await self._send(calls, "POST", self._batch, {"operations": entries})
        if answer.status != 200:
            log.debug("batch refused", peer=self._name, status=answer.status)
            return await asyncio.gather(*map(self._alone_or_error, calls))
        outcomes = answer.json()["outcomes"]
        if len(outcomes) != len(calls):
            raise UnexpectedAnswer(f"{self._name} answered {len(outcomes)} of {len(calls)}")
        return [Outcome(outcome["status"], outcome["body"]) for outcome in outcomes]

    async def _alone(self, call: _Call) -> PeerResponse:
        operation = call.operation
        trace.enter(call.trace)
        return await self._send([call], operation.method, operation.path, operation.body)

    async def _alone_or_error(self, call: _Call) -> PeerResponse | Exception:
        try:
            return await self._alone(call)
        except Exception as error:
            return error

    async def _send(
        self, calls: Sequence[_Call], method: str, path: str, body: Mapping[str, Any] | None
    ) -> PeerResponse:
        due = max((call.due for call in calls), key=lambda due: due.at_s)
        told = {"http.request.method": method, "peer.service": self._name}
        try:
            with (
                deadline_scope(due),
                spans.span(f"{method} {self._name}", Kind.CLIENT, told) as span,
            ):
                answer = await self._client.call(
                    method,
                    _BASE + path,
                    json=body,
                    idempotent=True,
                    timeout_s=max(call.timeout_s for call in calls),
                )
                span.tell({"http.response.status_code": answer.status})
                return answer
        except PeerError as error:
            orders = [call.operation.order_id for call in calls]
            log.info("peer did not answer", peer=self._name, reason=error.reason, orders=orders)
            raise self._silent() from error

    def _silent(self) -> Unavailable:
        return Unavailable(f"{self._name} did not answer")
