"""How many calls to one peer may be in flight, so that a slow one cannot take all that we have."""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class BulkheadOptions:
    """``max_in_flight`` calls at once; ``max_waiting`` more wait for ``max_wait_s`` at most."""

    max_in_flight: int = 256
    max_waiting: int = 256
    max_wait_s: float = 0.25

    def __post_init__(self) -> None:
        if self.max_in_flight < 1 or self.max_waiting < 0:
            raise ValueError("max_in_flight is at least 1, max_waiting not negative")


class BulkheadFull(Exception):
    """There was no place, nor did one become free in time."""


class Bulkhead:
    """Gives places in the order in which they were asked for."""

    def __init__(self, options: BulkheadOptions = BulkheadOptions()) -> None:
        self.in_flight = 0
        self._options = options
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._queue)

    def try_enter(self) -> bool:
        """Take a place, which ``leave`` gives back, if there is one at once."""
        if self.in_flight >= self._options.max_in_flight:
            return False
        self.in_flight += 1
        return True

    async def enter(self, timeout_s: float) -> None:
        """Take a place, which ``leave`` gives back; raise BulkheadFull if there is none."""
        if self.try_enter():
            return
        if len(self._queue) >= self._options.max_waiting:
            raise BulkheadFull
        await self._wait(min(timeout_s, self._options.max_wait_s))

    def leave(self) -> None:
        """Give the place to whoever has waited longest, or back."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.in_flight -= 1

    async def _wait(self, timeout_s: float) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(timeout_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place came in the same moment as the end of the wait
            elif turn in self._queue:
                self._queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise BulkheadFull from None
            raise
