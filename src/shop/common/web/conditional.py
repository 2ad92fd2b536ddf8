"""Conditional requests (RFC 9110, section 13), over resources whose ETag is their version."""

import re

from aiohttp import web
from aiohttp.hdrs import IF_MATCH, IF_NONE_MATCH

_OURS = re.compile(r'"([1-9][0-9]{0,15})"')


def etag(version: int) -> str:
    """Return the strong ETag of a version."""
    return f'"{version}"'


def is_ours(header: str) -> bool:
    """Tell whether this is one ETag of ours, and nothing else."""
    return _OURS.fullmatch(header) is not None


def if_match(request: web.Request) -> frozenset[int] | None:
    """Return the versions that ``If-Match`` asks for; None if any will do.

    An ETag that is none of ours matches nothing, as a stale one does.
    """
    if IF_MATCH not in request.headers:
        return None
    tags = _tags(request, IF_MATCH)
    if tags == ["*"]:
        return None
    return frozenset(int(ours[1]) for ours in map(_OURS.fullmatch, tags) if ours)


def is_known(request: web.Request, version: int) -> bool:
    """Tell whether ``If-None-Match`` names this version (by weak comparison)."""
    if IF_NONE_MATCH not in request.headers:
        return False
    tags = [tag.removeprefix("W/") for tag in _tags(request, IF_NONE_MATCH)]
    return etag(version) in tags or "*" in tags


def _tags(request: web.Request, header: str) -> list[str]:
    lists = ",".join(request.headers.getall(header))
    return [tag.strip() for tag in lists.split(",") if tag.strip()]
