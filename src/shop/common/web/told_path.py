"""Which part of a path may be logged: what callers put there is not always an address of ours."""

import re

from aiohttp import web

_HIDDEN = "-"
_is_id = re.compile(r"[a-z]{3}_[0-9a-z]{26}").fullmatch


def told_path(request: web.Request, status: int) -> str:
    """Return the path for a log, without the query.

    Of one that was not served only what is known to name nobody: the way as the spec has it, and
    ids of the form that is made here. Somebody may have put an email address in place of an id.
    """
    if status < 400:
        return request.path
    route = request.match_info.route
    if route.resource is None:
        return _HIDDEN
    shown = {
        name: value if _is_id(value) else _HIDDEN for name, value in request.match_info.items()
    }
    return route.resource.canonical.format(**shown)
