"""Postal addresses, of customers and of orders."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """Where somebody lives, or where goods go. ``country``: ISO 3166-1 alpha-2."""

    line1: str
    city: str
    postal_code: str
    country: str
    line2: str | None = None
