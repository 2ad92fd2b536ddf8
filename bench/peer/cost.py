"""The layer's own cost per call: PeerClient beside a bare aiohttp session, in one process.

The rounds are interleaved, so that what else the machine does falls on both alike. CPU time of the
calling process is what is compared: the answering one runs on another core, if there is one.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import aiohttp
from bench.peer.backends import backends

from shop.common.peer import FixedResolver, PeerClient, open_session

IN_FLIGHT = (1, 16, 64)
ROUNDS, CALLS = 31, 800

Call = Callable[[str], Awaitable[object]]


async def run() -> str:
    with backends(1) as (backend,):
        async with open_session() as session, aiohttp.ClientSession() as bare:
            peer = PeerClient("p", FixedResolver.parse(f"p={backend.url}"), session)

            async def barely(path: str) -> None:
                async with bare.get(backend.url + path) as response:
                    await response.read()

            async def by_peer(path: str) -> None:
                await peer.call("GET", path)

            rows = [await compare(barely, by_peer, count) for count in IN_FLIGHT]
    head = "| in flight | bare session, us | PeerClient, us | difference, us | rate, bare = 1.00 |"
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])


async def compare(bare: Call, peer: Call, in_flight: int) -> str:
    pairs = [
        (await cost_us(bare, in_flight), await cost_us(peer, in_flight)) for _ in range(ROUNDS)
    ]
    bare_us, peer_us = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(b / p for b, p in pairs)
    return (
        f"| {in_flight} | {bare_us:.0f} | {peer_us:.0f} | {peer_us - bare_us:.0f} | {ratio:.2f} |"
    )


async def cost_us(call: Call, in_flight: int) -> float:
    """Return the CPU time of one call. No address is asked for twice in a round."""
    paths = iter([f"/products/{number}" for number in range(CALLS)])

    async def work() -> None:
        for path in paths:
            await call(path)

    began_s = time.process_time()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return (time.process_time() - began_s) / CALLS * 1e6
