"""Heads of answers as bytes, with the lines that aiohttp writes, in its order."""

from email.utils import formatdate
from time import time

from aiohttp.http import SERVER_SOFTWARE

_second, _always = 0, ""


def always() -> str:
    """Return the lines that all have; they are made once a second."""
    global _second, _always
    second = int(time())
    if second != _second:
        _second = second
        _always = f"Date: {formatdate(second, usegmt=True)}\r\nServer: {SERVER_SOFTWARE}\r\n"
    return _always


def json(etag: str, length: int, added: str) -> bytes:
    """Return the head of a resource of so many bytes; ``added``: further lines."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nEtag: {etag}\r\n"
        f"{added}Content-Length: {length}\r\n{always()}\r\n"
    ).encode()


def not_modified(etag: str, added: str) -> bytes:
    """Return all that tells a caller that what they hold is the present version."""
    return f"HTTP/1.1 304 Not Modified\r\nEtag: {etag}\r\n{added}{always()}\r\n".encode()
