"""One attempt of a call: a request to one instance, or a hedged one to two."""

from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp

from .attempt import Failure, PeerResponse, attempt
from .breaker import Outcome
from .budget import RetryBudget
from .endpoint import Endpoint
from .events import PeerListener
from .hedge import HedgeDelay, race
from .picker import Picker
from .trail import Trail


class Asker:
    """Makes requests, and lets endpoints, hedge and listener learn from them."""

    def __init__(
        self,
        service: str,
        session: aiohttp.ClientSession,
        picker: Picker,
        budget: RetryBudget,
        hedge: HedgeDelay | None,
        listener: PeerListener,
        clock: Callable[[], float],
    ) -> None:
        self._service = service
        self._session = session
        self._picker = picker
        self._budget = budget
        self._hedge = hedge
        self._listener = listener
        self._clock = clock

    def ask(
        self, endpoint: Endpoint, trail: Trail, now_s: float
    ) -> Coroutine[Any, Any, PeerResponse | Failure]:
        """Ask one instance; if hedging is on and it takes long, a second one too."""
        one = self._ask_one(endpoint, trail, now_s)
        if self._hedge is None or trail.request.method != "GET" or trail.left < 2:
            return one
        delay_s = self._hedge.delay_s
        if delay_s is None:
            return one
        return race(
            one,
            delay_s,
            lambda: self._ask_another(endpoint, trail),
            lambda outcome: isinstance(outcome, PeerResponse),
        )

    async def _ask_another(self, first: Endpoint, trail: Trail) -> PeerResponse | Failure | None:
        """Ask another instance for the same; None: there is none, or it may not cost that."""
        now_s = self._clock()
        tried = (*trail.tried, first)
        if not self._picker.has_fresh(tried, now_s) or not self._budget.spend_spare(now_s):
            return None
        other = self._picker.pick(tried, now_s, may_probe=False)  # it is to be quick
        if other is None:
            return None
        self._listener.hedged(self._service)
        return await self._ask_one(other, trail, now_s)

    async def _ask_one(
        self, endpoint: Endpoint, trail: Trail, now_s: float
    ) -> PeerResponse | Failure:
        if not endpoint.breaker.admits(now_s):  # others have been faster, since it was chosen
            failure = Failure("breaker", f"{endpoint.instance.id} is left alone", True, False)
            trail.add(endpoint, failure)
            return failure
        timeout_s = self._share_s(trail, now_s)
        ticket = endpoint.begin(now_s)
        learned, told = Outcome.DROPPED, "dropped"
        try:
            outcome = await attempt(self._session, endpoint.instance, trail.request, timeout_s)
            if isinstance(outcome, PeerResponse):
                learned, told = Outcome.SUCCESS, "answered"
            else:
                learned, told = Outcome.FAILURE, outcome.kind
                trail.add(endpoint, outcome)
            return outcome
        finally:
            took_s = endpoint.end(ticket, learned, self._clock())
            if self._hedge and learned is Outcome.SUCCESS:
                self._hedge.observe(took_s)
            self._listener.attempted(self._service, endpoint.instance, told, took_s)

    def _share_s(self, trail: Trail, now_s: float) -> float:
        """Return the time for the next attempt: a fair part of what is left.

        All of it where there can be no other attempt. A call that is slow because all is slow would
        otherwise be given up early, again and again.
        """
        remaining_s = max(0.0, trail.due_s - now_s)
        if not trail.idempotent or self._budget.is_spent(now_s):
            return remaining_s
        return remaining_s / max(1, trail.attempts - len(trail.tried))
