"""CORS (https://fetch.spec.whatwg.org/#http-cors-protocol), for front ends in browsers."""

from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_TAKEN = (
    "Content-Type, If-Match, If-None-Match, Idempotency-Key, Request-Timeout-Ms, Authorization,"
    " traceparent, Last-Event-ID"
)
_SHOWN = "ETag, Link, Location, Retry-After, Idempotency-Replayed, traceparent, WWW-Authenticate"

VARY = "Vary: Origin\r\n"
"""What answers to requests without an origin have too: caches keep the answers apart."""


def cors(origins: Collection[str]) -> Middleware:
    """Return a middleware that lets pages of these origins (``*``: any) call."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        known = origin is not None and ("*" in origins or origin in origins)
        preflight = (
            request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        )
        response = _preflight() if known and preflight else await handler(request)
        if known and origin:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _SHOWN
        response.headers.add("Vary", "Origin")  # as VARY says
        return response

    return middleware


def _preflight() -> web.Response:
    allowed = {"Access-Control-Allow-Methods": _METHODS, "Access-Control-Allow-Headers": _TAKEN}
    return web.Response(status=204, headers={**allowed, "Access-Control-Max-Age": "600"})
