"""Ways to call one of several instances: each gets two seconds for a call, and three attempts."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp

from shop.common.peer import FixedResolver, HedgeOptions, PeerClient, PeerOptions, open_session

TIMEOUT_S = 2.0
ATTEMPTS = 3

_PLAIN = PeerOptions(TIMEOUT_S)

Call = Callable[[], Awaitable[object]]  # raises if there is no answer in time
Rival = Callable[[list[str]], AbstractAsyncContextManager[Call]]


@asynccontextmanager
async def bare(urls: list[str]) -> AsyncIterator[Call]:
    """aiohttp in turn, no second attempt."""
    turn = itertools.cycle(urls)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_S)) as session:

        async def call() -> None:
            async with session.get(f"{next(turn)}/x", raise_for_status=True) as response:
                await response.read()

        yield call


@asynccontextmanager
async def aiohttp_retry(urls: list[str]) -> AsyncIterator[Call]:
    """Each attempt at the next instance, for its share of the time."""
    from aiohttp_retry import ExponentialRetry, RetryClient

    turn = itertools.count()
    faults = {aiohttp.ClientError, TimeoutError}
    options = ExponentialRetry(ATTEMPTS, 0.025, statuses={502, 503, 504}, exceptions=faults)
    share = aiohttp.ClientTimeout(TIMEOUT_S / ATTEMPTS)
    async with RetryClient(retry_options=options, timeout=share) as session:

        async def call() -> None:
            first = next(turn)
            order = tuple(f"{urls[(first + n) % len(urls)]}/x" for n in range(ATTEMPTS))
            async with (
                asyncio.timeout(TIMEOUT_S),
                session.get(order, raise_for_status=True) as response,
            ):
                await response.read()

        yield call


@asynccontextmanager
async def tenacity_purgatory(urls: list[str]) -> AsyncIterator[Call]:
    """Retries by tenacity, each at the next instance; a breaker of purgatory's for each of them."""
    from purgatory import AsyncCircuitBreakerFactory
    from tenacity import AsyncRetrying, stop_after_attempt, wait_random_exponential

    turn = itertools.cycle(urls)
    breakers = AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=1)
    share = aiohttp.ClientTimeout(TIMEOUT_S / ATTEMPTS)
    async with aiohttp.ClientSession(timeout=share) as session:

        async def once() -> None:
            url = next(turn)
            async with (
                await breakers.get_breaker(url),
                session.get(f"{url}/x", raise_for_status=True) as response,
            ):
                await response.read()

        async def call() -> None:
            retrying = AsyncRetrying(
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_random_exponential(multiplier=0.025, max=0.5),
                reraise=True,
            )
            async with asyncio.timeout(TIMEOUT_S):
                await retrying(once)

        yield call


@asynccontextmanager
async def peer(urls: list[str], options: PeerOptions = _PLAIN) -> AsyncIterator[Call]:
    """Ours, as it is by default."""
    async with open_session() as session:
        resolver = FixedResolver.parse(",".join(f"p={url}" for url in urls))
        client = PeerClient("p", resolver, session, options=options)
        yield lambda: client.call("GET", "/x")


def hedged(urls: list[str]) -> AbstractAsyncContextManager[Call]:
    """Ours, with hedging."""
    return peer(urls, PeerOptions(TIMEOUT_S, hedge=HedgeOptions()))


RIVALS: dict[str, Rival] = {
    "aiohttp, in turn": bare,
    "aiohttp-retry": aiohttp_retry,
    "tenacity + purgatory": tenacity_purgatory,
    "shop.common.peer": peer,
    "shop.common.peer, hedged": hedged,
}
