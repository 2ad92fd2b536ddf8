"""What the services are told here: everything is short, so that it happens often.

Not so short that a busy machine spends its time on attempts that are given up: timeouts of half a
second, on two cores with other work to do, kept all retrying for a minute after the last fault.
"""

UNPAID_AFTER_S = 20
MARGIN_S = 180  # a step may be put off for so long: for longer than any outage here
LEASE_S = 4
CACHE_TTL_S = 10

SETTINGS = {
    "SHOP_LOG_LEVEL": "info",
    "SHOP_LOG_FORMAT": "json",
    "SHOP_REQUEST_TIMEOUT_S": "5",
    "SHOP_MONGO_TIMEOUT_S": "3",
    "SHOP_CACHE_TTL_S": str(CACHE_TTL_S),
    "SHOP_DRAIN_TIMEOUT_S": "3",
    "SHOP_ORDER_UNPAID_AFTER_S": str(UNPAID_AFTER_S),
    "SHOP_ORDER_RESERVATION_MARGIN_S": str(MARGIN_S),
    "SHOP_ORDER_PLACE_TIMEOUT_S": "2.5",
    "SHOP_ORDER_INLINE_TIMEOUT_S": "1",
    "SHOP_ORDER_STEP_TIMEOUT_S": "3",
    "SHOP_ORDER_LEASE_S": str(LEASE_S),
    "SHOP_ORDER_RETRY_MOST_S": "2",
    "SHOP_ORDER_POLL_S": "0.5",
    "SHOP_ORDER_RELAY_CONCURRENCY": "8",
}
