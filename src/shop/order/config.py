"""What the order service is told about time: how long it holds, waits and lets others wait."""

from dataclasses import dataclass
from datetime import timedelta

from environs import validate

from shop.common.settings import setting

_SECONDS = validate.Range(0.001, 1_296_000)  # twice that is the longest that product reserves


@dataclass(frozen=True)
class OrderConfig:
    """How long orders may stay unpaid, and how patiently the peers are asked. In seconds."""

    unpaid_after_s: float = setting(
        "SHOP_ORDER_UNPAID_AFTER_S",
        1800.0,
        "an order not paid for so long after its confirmation is cancelled, in seconds",
        check=_SECONDS,
    )
    reservation_margin_s: float = setting(
        "SHOP_ORDER_RESERVATION_MARGIN_S",
        86400.0,
        "how much longer than that goods are reserved, in seconds",
        check=_SECONDS,
    )
    place_timeout_s: float = setting(
        "SHOP_ORDER_PLACE_TIMEOUT_S",
        3.0,
        "how long a placing request waits for product and customer before it answers 202, "
        "in seconds",
        check=_SECONDS,
    )
    inline_timeout_s: float = setting(
        "SHOP_ORDER_INLINE_TIMEOUT_S",
        1.0,
        "how long any request waits for the later steps, which are otherwise done after it, "
        "in seconds",
        check=_SECONDS,
    )
    step_timeout_s: float = setting(
        "SHOP_ORDER_STEP_TIMEOUT_S",
        5.0,
        "how long the relay waits for a peer, in seconds",
        check=_SECONDS,
    )
    lease_s: float = setting(
        "SHOP_ORDER_LEASE_S",
        30.0,
        "after so long without progress another instance takes an order's work over, in seconds",
        check=_SECONDS,
    )
    retry_first_s: float = setting(
        "SHOP_ORDER_RETRY_FIRST_S",
        0.2,
        "first wait after a failed step, in seconds",
        check=_SECONDS,
    )
    retry_most_s: float = setting(
        "SHOP_ORDER_RETRY_MOST_S",
        30.0,
        "longest wait between two attempts at a step, in seconds",
        check=_SECONDS,
    )
    poll_s: float = setting(
        "SHOP_ORDER_POLL_S",
        1.0,
        "how often the relay looks for due work, in seconds",
        check=_SECONDS,
    )
    erasure_poll_s: float = setting(
        "SHOP_ORDER_ERASURE_POLL_S",
        60.0,
        "how often customer is asked who was deleted, to erase their addresses, in seconds",
        check=_SECONDS,
    )
    concurrency: int = setting(
        "SHOP_ORDER_RELAY_CONCURRENCY",
        16,
        "how many orders one relay works on at once",
        check=validate.Range(1, 1000),
    )

    @property
    def unpaid_after(self) -> timedelta:
        """How long an order may stay unpaid."""
        return timedelta(seconds=self.unpaid_after_s)

    @property
    def lease(self) -> timedelta:
        """How long work is kept from others without progress."""
        return timedelta(seconds=self.lease_s)

    @property
    def placing_lease(self) -> timedelta:
        """How long a request has to place what it has written down.

        Until then nobody sees the order: so it is no longer than two answers of peers may take.
        """
        return min(self.lease, timedelta(seconds=2 * self.place_timeout_s + 4))

    @property
    def reservation_ttl_s(self) -> int:
        """How long goods are reserved, in whole seconds."""
        return int(self.unpaid_after_s + self.reservation_margin_s)
