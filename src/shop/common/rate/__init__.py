"""How often each caller may ask: counted here, settled with the other instances through Redis.

- ``limiter``: the generic cell rate algorithm, over what this instance knows.
- ``ledger``: what all instances have let in, in Redis.
- ``address``: who a caller without a token is.
- ``errors``: the refusal.
"""

from shop.common.rate.address import FORWARDED, Addresses
from shop.common.rate.errors import RateLimited
from shop.common.rate.ledger import RedisLedger, opened
from shop.common.rate.limiter import Ledger, Limiter, Rate

__all__ = [
    "FORWARDED",
    "Addresses",
    "Ledger",
    "Limiter",
    "Rate",
    "RateLimited",
    "RedisLedger",
    "opened",
]
