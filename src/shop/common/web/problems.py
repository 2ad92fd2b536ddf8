"""Errors as callers see them: ``application/problem+json`` (RFC 9457).

The one table from error to status. A 500 never carries the text of an exception.
"""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from shop.common import errors, peer, trace

_STATUS: dict[type[errors.ShopError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.RequestTimeout: 408,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.UnsupportedMediaType: 415,
    errors.Unprocessable: 422,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.DeadlineExceeded: 504,
}
# What is long in the input stays within bounds in the answer.
_DETAIL_MAX, _FIELD_MAX, _FIELDS_MAX = 2000, 1000, 100

_NONE: Mapping[str, Any] = {}

_CODES = {404: "not-found", 405: "method-not-allowed", 413: "payload-too-large"}


def status_of(error: errors.ShopError) -> int:
    """Return the HTTP status of an error, by the nearest kind that has one."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def problem(
    status: int, code: str, title: str, detail: str, members: Mapping[str, Any] = _NONE
) -> web.Response:
    """Return a problem details response; ``members`` never stand in for the standard ones."""
    current = trace.current() or trace.Trace.of(None)
    content = {
        "type": f"urn:shop:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail[:_DETAIL_MAX],
        "code": code,
        "traceId": current.trace_id,
    }
    return web.Response(
        status=status,
        body=orjson.dumps({**content, **members, **content}, default=str),
        content_type="application/problem+json",
    )


def of_shop_error(error: errors.ShopError) -> web.Response:
    """Return the answer to an error of ours."""
    members = dict(error.members)
    if error.fields:
        members["errors"] = [
            {"pointer": field.pointer[:_FIELD_MAX], "detail": field.detail[:_FIELD_MAX]}
            for field in error.fields[:_FIELDS_MAX]
        ]
    response = problem(status_of(error), error.code, error.title, error.detail, members)
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(math.ceil(retry_after_s))
    challenge = getattr(error, "challenge", None)
    if challenge is not None:
        response.headers["WWW-Authenticate"] = challenge
    return response


def of_http_exception(error: web.HTTPException) -> web.Response:
    """Return the answer to what aiohttp itself refuses: unknown paths, methods, large bodies."""
    phrase = HTTPStatus(error.status).phrase
    code = _CODES.get(error.status, phrase.lower().replace(" ", "-"))
    response = problem(error.status, code, phrase, _DETAILS.get(error.status, phrase + "."))
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


_DETAILS = {
    404: "There is nothing at this address; see /docs for those there are.",
    405: "This address does not take this method; see the Allow header for those it takes.",
    413: "The body is larger than 1 MiB; send less at a time.",
}


def of_peer_error(error: peer.PeerError) -> web.Response:
    """Return the answer where another service could not be asked."""
    if isinstance(error, peer.DeadlineExceeded):
        return out_of_time()
    retry_after_s = getattr(error, "retry_after_s", None) or 1.0
    detail = "Another service that is needed cannot be reached; try again shortly."
    return of_shop_error(errors.Unavailable(detail, retry_after_s=retry_after_s))


def of(error: Exception, left_s: float) -> web.Response | None:
    """Return the answer to an error that callers are told about, None if it is a fault of ours.

    ``left_s`` is what was left of the request's time when it was raised.
    """
    if isinstance(error, errors.ShopError):
        late = isinstance(error, errors.Unavailable) and left_s <= 0
        return out_of_time() if late else of_shop_error(error)
    if isinstance(error, peer.PeerError):
        return of_peer_error(error)
    if isinstance(error, web.HTTPException):
        return of_http_exception(error)
    return out_of_time() if isinstance(error, TimeoutError) else None


def out_of_time() -> web.Response:
    """Return the answer to a request whose time has run out."""
    detail = "The request could not be finished in the time it was given; it may still take effect."
    return of_shop_error(errors.DeadlineExceeded(detail))


def internal_error() -> web.Response:
    """Return the answer to a fault of ours: it says nothing but where to look in the log."""
    detail = "An unexpected error occurred; the log has more under this traceId."
    return problem(500, "internal-error", "Internal Server Error", detail)
