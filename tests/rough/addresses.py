"""Queries, paths, headers and cursors that no honest client sends."""

import base64
from typing import Any

import orjson
from hypothesis import strategies as st
from tests.rough.bodies import MARK
from tests.rough.wire import Headers

_VALUES = (
    *(
        "",
        "0",
        "-1",
        "101",
        "1e2",
        "9" * 400,
        "NaN",
        "%00",
        "a%00b",
        "%FF",
        "%ED%A0%80",
        "%",
        "%zz",
    ),
    *("%7B%22%24gt%22%3A%22%22%7D", "%24where", "%24ne", "*", "%27%20OR%201=1", "%0d%0aX:%201"),
    *("2026-13-45T99:99:99Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999Z", "%F0%9F%92%A9"),
    *(",", ",,,,", ",".join(["a"] * 200), "a" * 7000, "-a", "%22", "%22a", "%2B" * 100, MARK),
)
_SUFFIXES = ("", "[$gt]", "[]", "%5B$ne%5D", ".$where", "%00", "[__proto__]")


@st.composite
def queries(draw: Any, names: list[str]) -> str:
    """Values that are none, and operators, by the names that are declared and by others."""
    known = st.sampled_from([*names, "filter", "$where", "sort", MARK])
    one = st.tuples(known, st.sampled_from(_SUFFIXES), st.sampled_from(_VALUES))
    chosen = draw(st.lists(one, min_size=1, max_size=3))
    return "&".join(f"{name}{suffix}={value}" for name, suffix, value in chosen)[:8000]


def floods(names: list[str]) -> st.SearchStrategy[str]:
    """Thousands of parameters, as many as go into a line; and lines that are longer."""
    name = st.sampled_from([*names, "a", ""])
    return st.tuples(name, st.sampled_from([1000, 2600, 10_000])).map(
        lambda drawn: "&".join([f"{drawn[0]}=1"] * drawn[1])
    )


@st.composite
def paths(draw: Any, path: str) -> str:
    """An address whose ids are none, or that tries to leave its folder."""
    odd = draw(
        st.sampled_from(
            [
                *("%00", "a%00b", "..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..", "%"),
                *("$where", "%7B%22$gt%22:%22%22%7D", "%ED%A0%80", "%FF", "%E2%80%AE", "a" * 65),
                *("a" * 8000, ";x=1", "%0d%0aSet-Cookie:%20a=b", "*", "%2F", "", "a/b", "a%2fb"),
                *("%C3%BC", "%F0%9F%92%A9", "__proto__", "null", "-1", " ".replace(" ", "%20")),
            ]
        )
    )
    parts = path.split("/")
    where = draw(st.integers(3, len(parts) - 1))
    parts[where] = odd
    return draw(st.sampled_from(["", "", "http://evil.example", "/"])) + "/".join(parts)


_NAMES = (
    *("If-Match", "If-None-Match", "Idempotency-Key", "traceparent", "Request-Timeout-Ms"),
    *("Accept", "Accept-Encoding", "Range", "Cookie", "Authorization", "X-Forwarded-For", "Origin"),
    *("X-HTTP-Method-Override", "Upgrade", "Expect", "Connection", "TE", "Trailer", "Forwarded"),
)
_HEADER_VALUES: tuple[str | bytes, ...] = (
    *(
        "",
        '"',
        '"a',
        "*, *",
        'W/"1", "2"',
        "9" * 400,
        "-1",
        "1e400",
        "NaN",
        "close",
        "keep-alive, x",
    ),
    *("h2c", "websocket", "100-continue", "bytes=0-0,1-1,2-2", ",".join(["a"] * 1000), f"x={MARK}"),
    *(b"\xff\xfe", b"\xc3\xbc", b"a\tb", "x" * 8000, "x" * 9000, b"a\x00b", b"a\rb", b"a\nb: c"),
    *("00-" + "0" * 32 + "-" + "0" * 16 + "-00", "00-" + "f" * 32 + "-" + "f" * 16 + "-ff"),
)


@st.composite
def headers(draw: Any) -> Headers:
    """Known headers that say nonsense, twice too, and unknown ones."""
    name = st.sampled_from(_NAMES) | st.sampled_from(
        ["X-" + "a" * 200, "a b", "ü", "", "(x)", "x:"]
    )
    one = st.tuples(name, st.sampled_from(_HEADER_VALUES))
    return draw(st.lists(one, min_size=1, max_size=4))


@st.composite
def header_floods(draw: Any) -> Headers:
    """Many headers, long ones, and many long ones."""
    number, size = draw(
        st.sampled_from([(100, 10), (127, 8000), (200, 10), (5000, 10), (3, 20_000), (1, 2**20)])
    )
    return [(f"X-{turn}", MARK + "x" * size) for turn in range(number)]


@st.composite
def cursors(draw: Any, real: list[str]) -> str:
    """Cursors of other lists, real ones that were changed, and such as nobody has made."""
    scopes = [orjson.loads(base64.urlsafe_b64decode(c + "=" * (-len(c) % 4)))[0] for c in real]
    part: Any = (
        st.none()
        | st.integers(-(2**63), 2**63 - 1)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    )
    part |= st.sampled_from([{"$gt": ""}, {"$where": "1"}, ["a"], True, 1e308, "\0", 2**63 - 1])
    made = st.tuples(st.sampled_from([*scopes, "", "0" * 12]), st.lists(part, max_size=3)).map(
        lambda drawn: _encoded([drawn[0], *drawn[1]])
    )
    changed = st.tuples(st.sampled_from(real or ["x"]), st.integers(0, 200)).map(
        lambda drawn: drawn[0][: drawn[1]] + "A" + drawn[0][drawn[1] + 1 :]
    )
    nothing = st.sampled_from(["a", "====", "A" * 4000, _encoded([]), _encoded({}), "%00", "-_-_"])
    return draw(made | changed | nothing | st.sampled_from(real or ["x"]))


def _encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")
