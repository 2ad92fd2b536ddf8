"""One request to one instance: an answer, or what went wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import aiohttp
import orjson
from multidict import CIMultiDict
from yarl import URL

from .deadline import TIMEOUT_HEADER
from .expiry import Expiry
from .instance import Instance
from .retry import RETRIED_STATUSES, retry_after_s


class PeerRequest(NamedTuple):
    """What is asked, the same whoever is asked. (A tuple: made per call, and cheaper to make.)"""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None


class PeerResponse(NamedTuple):
    """What a peer answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body read as JSON; raise ValueError if it is not JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt has no answer that could be used.

    ``kind``: "unreachable", "broken-off", "timeout" or "error"; "breaker" where nothing was asked,
    since other calls took the places of the probes.
    """

    kind: str
    reason: str
    may_be_retried: bool = True
    may_have_happened: bool = True
    retry_after_s: float | None = None


async def attempt(
    session: aiohttp.ClientSession, instance: Instance, request: PeerRequest, timeout_s: float
) -> PeerResponse | Failure:
    """Ask one instance, once, and tell it how long there is. Being cancelled cancels the request.

    Redirects are answers: a peer that moved is not followed.
    """
    headers = CIMultiDict(request.headers)
    headers[TIMEOUT_HEADER] = str(int(timeout_s * 1000))
    try:
        with Expiry(timeout_s):
            # Without ``async with``, which costs more: read() gives the connection back, or closes
            # it if it cannot be read to its end.
            response = await session.request(
                request.method,
                _address(instance.url, request.path),
                data=request.body,
                headers=headers,
                allow_redirects=False,
                server_hostname=instance.tls_name,
            )
            answer = PeerResponse(response.status, response.headers, await response.read())
    except aiohttp.ClientError as error:
        return _broken(instance, error)
    except TimeoutError:
        return Failure("timeout", f"{instance.id} did not answer within {timeout_s:.3f} s")
    return answer if answer.status < 500 else _refused(instance, answer)


_plain = re.compile(r"[A-Za-z0-9/_-]+").fullmatch


def _address(base: str, path: str) -> URL:
    """Return the address; where nothing in the path could need quoting, without parsing it.

    Parsing is a tenth of what a whole call costs.
    """
    origin = _parsed(base)
    if _plain(path) and origin.path == "/":
        return origin.with_path(path, encoded=True)
    return URL(base + path)


_parsed = lru_cache(1024)(URL)


def _broken(instance: Instance, error: aiohttp.ClientError) -> Failure:
    what = str(error) or type(error).__name__
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        reason = f"{instance.id} cannot be reached: {what}"
        return Failure("unreachable", reason, may_have_happened=False)
    return Failure("broken-off", f"{instance.id} broke off before its answer was complete: {what}")


def _refused(instance: Instance, answer: PeerResponse) -> Failure:
    return Failure(
        "error",
        f"{instance.id} answered {answer.status}",
        may_be_retried=answer.status in RETRIED_STATUSES,
        retry_after_s=retry_after_s(answer.headers),
    )
