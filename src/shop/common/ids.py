"""Opaque ids that sort by the time they were made: the primary key gives newest-first order.

The layout is that of a ULID (https://github.com/ulid/spec): 48 bits of milliseconds, 80 random
bits, in Crockford's base 32; in lower case, behind a prefix that names the kind of thing.
"""

import re
import secrets
import time
from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = re.compile(rf"[a-z]+_([0-7][{_ALPHABET}]{{25}})")


def new_id(prefix: str) -> str:
    """Make an id such as ``cus_01j9x6vq8k3m5n7p9r1t3v5w7y``."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return prefix + "_" + "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


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
