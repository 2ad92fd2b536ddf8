"""A gateway: what it is asked, it asks an instance of a service that Consul knows to be well.

python docs/examples/edge.py product http://127.0.0.1:8500 8080
"""

import math
import sys
from collections.abc import AsyncIterator

from aiohttp import web

from shop.common.peer import (
    TIMEOUT_HEADER,
    ConsulClient,
    ConsulOptions,
    ConsulResolver,
    Deadline,
    DeadlineExceeded,
    PeerClient,
    PeerListener,
    PeerUnavailable,
    deadline_scope,
    open_session,
)

PEER = web.AppKey("peer", PeerClient)


async def forward(request: web.Request) -> web.Response:
    """Hand on the peer's answer; 503 or 504 where it has none that could be used."""
    body = await request.json() if request.can_read_body else None
    try:
        with deadline_scope(Deadline.requested(request.headers.get(TIMEOUT_HEADER), cap_s=5.0)):
            answer = await request.app[PEER].call(request.method, request.path_qs, json=body)
    except PeerUnavailable as error:
        later = {"Retry-After": str(math.ceil(error.retry_after_s))}
        return web.Response(status=503, text=error.reason, headers=later)
    except DeadlineExceeded as error:
        return web.Response(status=504, text=error.reason)
    kept = {"Content-Type": answer.headers.get("Content-Type", "application/octet-stream")}
    return web.Response(status=answer.status, body=answer.body, headers=kept)


def create_app(service: str, consul: str, listener: PeerListener | None = None) -> web.Application:
    """Return the gateway; ``consul`` is one address, or several with commas between them."""

    async def peers(app: web.Application) -> AsyncIterator[None]:
        async with open_session() as session:
            client = ConsulClient(session, ConsulOptions(tuple(consul.split(","))))
            resolver = ConsulResolver(client)
            app[PEER] = PeerClient(service, resolver, session, listener=listener)
            yield
            await resolver.close()

    app = web.Application()
    app.cleanup_ctx.append(peers)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


if __name__ == "__main__":
    web.run_app(create_app(sys.argv[1], sys.argv[2]), port=int(sys.argv[3]))
