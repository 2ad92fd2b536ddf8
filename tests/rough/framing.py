"""Messages that two readers could understand differently, or that are none."""

from collections.abc import Callable

from hypothesis import strategies as st
from tests.rough.bodies import MARK
from tests.rough.wire import Request

_JSON = ("Content-Type", "application/json")
_GOOD = b'{"a":1}'


def _with(body: bytes, *headers: tuple[str, str | bytes]) -> Callable[[Request], bytes]:
    def made(request: Request) -> bytes:
        shown = [header for header in request.headers if header[0] == "Authorization"]
        return bytes(Request(request.method, request.target, [*shown, _JSON, *headers], body))

    return made


_CHUNKED = ("Transfer-Encoding", "chunked")
_CHUNKS = (
    *(b"zz\r\nxx\r\n0\r\n\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n", b"-1\r\n\r\n", b"\r\n\r\n"),
    *(b"7\n{}\n0\n\n", b"7 \r\n" + _GOOD + b"\r\n0\r\n\r\n", b"0x7\r\n" + _GOOD + b"\r\n0\r\n\r\n"),
    *(b"+7\r\n" + _GOOD + b"\r\n0\r\n\r\n", b"7;" + b"x" * 70_000 + b"\r\n", b"F" * 64 + b"\r\n"),
    b"7;a=b\r\n" + _GOOD + b"\r\n0\r\nX: " + MARK.encode() + b"\r\n\r\n",
    b"1\r\n{\r\n" * 5 + b"0\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    b"".join(b"1\r\n%c\r\n" % byte for byte in _GOOD) + b"0\r\n\r\n",
)
_BY_BODY = (
    *(_with(chunks, _CHUNKED) for chunks in _CHUNKS),
    _with(_GOOD, ("Content-Length", "7"), _CHUNKED),
    _with(b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", ("Content-Length", "6"), _CHUNKED),
    _with(_GOOD, ("Transfer-Encoding", "xchunked")),
    _with(_GOOD, ("Transfer-Encoding", "chunked, identity")),
    _with(_GOOD, ("Transfer-Encoding", "\x0bchunked")),
    _with(_GOOD, _CHUNKED, _CHUNKED),
    _with(_GOOD, ("Transfer-Encoding ", "chunked")),
    *(
        _with(_GOOD, ("Content-Length", value))
        for value in ("-1", "+7", "7,7", "7, 8", "0x7", " 7", "7.0", "9" * 30, "", "\u0667", "1e1")
    ),
    _with(_GOOD, ("Content-Length", "7"), ("Content-Length", "7")),
    _with(_GOOD, ("Content-Length", "7"), ("Content-Length", "0")),
    _with(_GOOD, ("Content-Length", "3")),  # the rest is taken for the next request
    _with(_GOOD, ("Expect", "100-continue")),
    _with(_GOOD, ("Expect", "a-miracle")),
    _with(_GOOD, ("Content-Encoding", "gzip"), _CHUNKED),
)


def _lines(text: str) -> Callable[[Request], bytes]:
    def made(request: Request) -> bytes:
        path = request.target.decode()
        shown = "".join(f"{n}: {v}\r\n" for n, v in request.headers if n == "Authorization")
        sent = text.replace("Host: a", f"{shown}Host: a", 1)
        return sent.format(method=request.method, path=path).encode("latin-1")

    return made


_BY_HEAD = tuple(
    map(
        _lines,
        (
            "{method} {path} HTTP/1.0\r\n\r\n",
            "{method} {path} HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n\r\n",
            "{method} {path} HTTP/0.9\r\n\r\n",
            "{method} {path} HTTP/2.0\r\nHost: a\r\n\r\n",
            "{method} {path}\r\n\r\n",
            "{method}  {path}  HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method}\t{path}\tHTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} {path} HTTP/1.1\nHost: a\n\n",
            "{method} {path} HTTP/1.1\rHost: a\r\r",
            "{method} {path} HTTP/1.1\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a/b@c:99999\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
            "{method} http://evil.example{path} HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} //evil.example{path} HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} {path}#fragment HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} * HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            "CONNECT {path} HTTP/1.1\r\nHost: a\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "TRACE {path} HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "QUERY {path} HTTP/1.1\r\nHost: a\r\n\r\n",
            "g\xe9t {path} HTTP/1.1\r\nHost: a\r\n\r\n",
            "get {path} HTTP/1.1\r\nHost: a\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, "
            "HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
            "{method} {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n",
            "\r\n\r\n{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n",
            "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            "\x00\x00\x00\x00\r\n\r\n",
            "X" * 1_000_000 + "\r\n\r\n",
        ),
    )
)


def framings() -> st.SearchStrategy[Callable[[Request], bytes]]:
    """What makes of a request the bytes that are sent."""
    return st.sampled_from([*_BY_BODY, *_BY_HEAD])
