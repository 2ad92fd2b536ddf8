"""python docs/examples/ask.py http://127.0.0.1:8500 product '/api/v1/products?limit=3'"""

import asyncio
import sys

from shop.common import peer


async def ask(consul: str, service: str, path: str) -> str:
    async with peer.open_session() as session:
        client = peer.ConsulClient(session, peer.ConsulOptions((consul,)))
        resolver = peer.ConsulResolver(client)
        try:
            answer = await peer.PeerClient(service, resolver, session).call("GET", path)
            return f"{answer.status} {answer.body.decode()}"
        except peer.PeerError as error:
            return f"no answer: {error}"
        finally:
            await resolver.close()


print(asyncio.run(ask(*sys.argv[1:])))
