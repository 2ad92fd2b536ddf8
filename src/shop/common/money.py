"""Money, the one value that all three services speak of."""

from dataclasses import dataclass

AMOUNT_MAX = 1_000_000_000_000


@dataclass(frozen=True)
class Money:
    """An amount in the minor units of a currency (ISO 4217): 1999 EUR are 19.99 euros."""

    amount: int
    currency: str
