"""Opaque ids that sort by the time they were made: the primary key gives newest-first order.

The layout is that of a ULID (https://github.com/ulid/spec): 48 bits of milliseconds, 80 random
bits, in Crockford's base 32; in lower case, behind a prefix that names the kind of thing.
"""

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # by their ten bits
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = re.compile(rf"[a-z]+_([0-7][{_ALPHABET}]{{25}})")


def _randoms() -> Iterator[int]:
    """Make numbers of 80 random bits, but ask the system for many at once."""
    while True:
        drawn = os.urandom(100 * 10)
        for start in range(0, len(drawn), 10):
            yield int.from_bytes(drawn[start : start + 10], "big")


_random = _randoms().__next__


def new_id(prefix: str) -> str:
    """Make an id such as ``cus_01j9x6vq8k3m5n7p9r1t3v5w7y``."""
    value = (time.time_ns() // 1_000_000) << 80 | _random()
    return prefix + "_" + "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def made_at(id_: str) -> datetime | None:
    """Return when an id was made; None if it is not one of ours."""
    ours = _ID.fullmatch(id_)
    if ours is None:
        return None
    value = 0
    for letter in ours[1][:10]:
        value = value << 5 | _ALPHABET.index(letter)
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:  # after the year 9999
        return None
