"""Request bodies: JSON, checked by a marshmallow schema."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import marshmallow
import orjson
from aiohttp import web

from shop.common.errors import (
    FieldError,
    Malformed,
    RequestTimeout,
    Unprocessable,
    UnsupportedMediaType,
)
from shop.common.merge_patch import merge
from shop.common.web.admission import ADMISSION
from shop.common.web.names_twice import names_twice
from shop.common.web.routes import OPERATION
from shop.common.web.slow_clients import LIMITS


async def body(request: web.Request, schema: marshmallow.Schema) -> Any:
    """Return what the schema makes of the request's JSON body.

    Raises UnsupportedMediaType, Malformed (not JSON), or Unprocessable (breaks the schema).
    """
    return checked(schema, await _json(request))


async def patch(
    request: web.Request, changes: marshmallow.Schema, whole: marshmallow.Schema
) -> Callable[[Any], Any]:
    """Return the change that a JSON Merge Patch (RFC 7396) makes to a resource's writable part.

    ``changes`` checks the patch itself, ``whole`` the outcome; the function that is returned
    raises Unprocessable where the outcome is not valid.
    """
    document = await _json(request)
    checked(changes, document)
    return lambda details: checked(whole, merge(whole.dump(details), document))


def checked(schema: marshmallow.Schema, document: Any) -> Any:
    """Load a document; raise Unprocessable with a pointer to each fault."""
    try:
        return schema.load(document)
    except marshmallow.ValidationError as error:
        fields = list(_faults("#", error.messages))
        raise Unprocessable("The body breaks the schema; see errors.", fields=fields) from None


async def _json(request: web.Request) -> Any:
    taken = request[OPERATION].consumes
    if request.content_type not in taken:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(taken)}.")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType("Send the body in UTF-8.")
    raw = await received(request)
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    if names_twice(raw, document):
        raise Malformed("The body names a member of an object twice; say which one you mean.")
    return document


async def received(request: web.Request) -> bytes:
    """Return the request's body.

    Raises Malformed if it breaks off or cannot be unpacked, RequestTimeout if it does not come.
    """
    try:
        if request.content.is_eof():  # it is here already, as nearly always
            return await request.read()
        _check_size(request)
        # Aside: or a few callers who send nothing would keep all others out.
        with request.app[ADMISSION].aside(request[OPERATION].id):
            async with asyncio.timeout(request.app[LIMITS].body_s):
                return await request.read()
    except TimeoutError:
        raise RequestTimeout("The body of the request did not arrive in time.") from None
    except (web.RequestPayloadError, ConnectionResetError):
        raise Malformed("The body breaks off, or cannot be unpacked.") from None


def _check_size(request: web.Request) -> None:
    """Refuse a body that says itself that it is too large, without waiting for it."""
    size, most = request.content_length or 0, request.client_max_size
    if size > most:
        raise web.HTTPRequestEntityTooLarge(most, size)


def _faults(pointer: str, messages: Any) -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            deeper = pointer if name == "_schema" else f"{pointer}/{_escape(str(name))}"
            yield from _faults(deeper, below)
    elif isinstance(messages, list):
        for message in messages:
            yield from _faults(pointer, message)
    else:
        yield FieldError(pointer, str(messages))


def _escape(name: str) -> str:
    """Escape a name for a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
