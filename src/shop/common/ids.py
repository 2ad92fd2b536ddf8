"""Opaque ids that sort by the time they were made: the primary key gives newest-first order.

The layout is that of a ULID (https://github.com/ulid/spec): 48 bits of milliseconds, 80 random
bits, in Crockford's base 32; in lower case, behind a prefix that names the kind of thing.
"""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """Make an id such as ``cus_01j9x6vq8k3m5n7p9r1t3v5w7y``."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return prefix + "_" + "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
