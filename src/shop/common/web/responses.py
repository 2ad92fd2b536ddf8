"""What handlers answer with."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import orjson
from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE, ETAG

from shop.common.page import Page
from shop.common.representation import Representation
from shop.common.web.conditional import etag, is_known
from shop.common.web.routes import BASE_PATH

T = TypeVar("T")

_JSON = "application/json"


def representation(request: web.Request, resource: Representation) -> web.Response:
    """Answer a read with the resource, or 304 where the caller has this version already."""
    tag = etag(resource.version)
    if is_known(request, resource.version):
        return web.Response(status=304, headers={ETAG: tag})
    return web.Response(body=resource.body, headers={CONTENT_TYPE: _JSON, ETAG: tag})


def changed(resource: Representation, status: int = 200) -> web.Response:
    """Answer a write with the resource as it is now."""
    headers = {CONTENT_TYPE: _JSON, ETAG: etag(resource.version)}
    return web.Response(status=status, body=resource.body, headers=headers)


def created(request: web.Request, path: str, resource: Representation) -> web.Response:
    """Answer a write that made a resource: 201, and where it is."""
    return answered(request, Outcome(201, resource, path))


def accepted(request: web.Request, path: str, resource: Representation) -> web.Response:
    """Answer a write whose outcome is not known yet: 202, where to ask, and when."""
    response = created(request, path, resource)
    response.set_status(202)
    response.headers["Retry-After"] = "1"
    return response


def location(request: web.Request, path: str) -> str:
    """Return the address of a resource of this service, relative to the host."""
    return request.app[BASE_PATH] + path


class Outcome(NamedTuple):
    """What an operation came to that may be asked for alone or in a batch.

    ``path``: where what it has made is.
    """

    status: int
    resource: Representation | None = None
    path: str | None = None


def answered(request: web.Request, outcome: Outcome) -> web.Response:
    """Answer an operation that was asked for alone."""
    if outcome.resource is None:
        return web.Response(status=outcome.status)
    response = changed(outcome.resource, outcome.status)
    if outcome.path is not None:
        response.headers["Location"] = location(request, outcome.path)
    return response


class EncodedPage(NamedTuple):
    """A page of a list as it goes over the wire."""

    body: bytes
    next_cursor: str | None


def encode_page(page: Page[T], dump: Callable[[T], Any]) -> EncodedPage:
    """Encode a page, whose items ``dump`` shows."""
    content = {"items": [dump(item) for item in page.items], "nextCursor": page.next_cursor}
    return EncodedPage(orjson.dumps(content), page.next_cursor)


def encoded_listing(request: web.Request, page: EncodedPage) -> web.Response:
    """Answer with one page of a list, and the link to the next."""
    headers = {CONTENT_TYPE: _JSON, **_next_link(request, page.next_cursor)}
    return web.Response(body=page.body, headers=headers)


def listing(request: web.Request, page: Page[T], dump: Callable[[T], Any]) -> web.Response:
    """Answer with a page of which this is the only caller."""
    return encoded_listing(request, encode_page(page, dump))


def encoded(resource: Representation) -> orjson.Fragment:
    """Dump an item of a list that is encoded already."""
    return orjson.Fragment(resource.body)


def _next_link(request: web.Request, cursor: str | None) -> Mapping[str, str]:
    if cursor is None:
        return {}
    address = request.rel_url.update_query(cursor=cursor)
    return {"Link": f'<{address}>; rel="next"'}


def no_content() -> web.Response:
    """Answer a write that leaves nothing to show."""
    return web.Response(status=204)
