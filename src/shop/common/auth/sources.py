"""Where an issuer's public keys come from: an address, or a file."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

_BYTES_MAX = 256 * 1024
_FETCH_TIMEOUT_S = 5.0
_FILE_AGE_S = 5.0
_MAX_AGE = re.compile(r"\bmax-age=([0-9]{1,9})\b")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class CannotFetch(Exception):
    """The keys cannot be read now; the message says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read, and how long it may be kept, in seconds; None: nobody says."""

    content: bytes
    max_age_s: float | None = None


class Source(Protocol):
    """Where keys are read."""

    async def fetch(self) -> Fetched:
        """Read them; raise CannotFetch."""


class KeyFile:
    """A file. It is small, local, and read in a thread every few seconds: so a change shows."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    async def fetch(self) -> Fetched:
        """Read the file; raise CannotFetch."""
        try:
            return Fetched(await asyncio.to_thread(self._path.read_bytes), _FILE_AGE_S)
        except OSError as error:
            raise CannotFetch(f"{self._path}: {error.strerror}") from None


class KeyAddress:
    """A JWKS at an https:// address. ``session`` is set before the first use."""

    def __init__(self, url: str) -> None:
        self.session: aiohttp.ClientSession | None = None
        self._url = url

    async def fetch(self) -> Fetched:
        """Ask for the keys, for 5 s at most, and follow no one elsewhere; raise CannotFetch."""
        if self.session is None:
            raise CannotFetch(f"{self._url} is not asked yet")
        try:
            async with (
                asyncio.timeout(_FETCH_TIMEOUT_S),
                self.session.get(self._url, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise CannotFetch(f"{self._url} answered {answer.status}")
                content = await _bounded(answer, self._url)
                age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
                return Fetched(content, float(age[1]) if age else None)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CannotFetch(f"{self._url} does not answer: {type(error).__name__}") from None


def source_of(place: str) -> Source:
    """Return the source at an address or a path; raise ValueError where keys could be forged."""
    if "://" not in place:
        return KeyFile(place)
    address = urlsplit(place)
    if address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOOPBACK):
        return KeyAddress(place)
    raise ValueError(f"{place!r} is neither a file nor an https:// address")


async def _bounded(answer: aiohttp.ClientResponse, url: str) -> bytes:
    content = b""
    async for chunk in answer.content.iter_chunked(_BYTES_MAX):
        content += chunk
        if len(content) > _BYTES_MAX:
            raise CannotFetch(f"{url} answered more than {_BYTES_MAX} bytes")
    return content
