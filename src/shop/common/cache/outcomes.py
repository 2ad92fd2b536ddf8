"""How reads end, as far as the cache goes."""

HIT = "hit"
KNOWN_ABSENT = "absent"  # it is known that there is none
MISS = "miss"  # there is nothing, or a mark
BYPASSED = "bypassed"  # nobody looked: Redis is away, or the caller wants it fresh
FAILED = "failed"  # Redis did not answer

OUTCOMES = (HIT, KNOWN_ABSENT, MISS, BYPASSED, FAILED)
