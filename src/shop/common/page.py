"""Keyset pagination: a page of items, and the opaque cursor that leads to the next one.

A cursor holds the sort key of the last item shown, so a page costs the same at any depth. It also
names the list and the filters it was made for: taken to another list it is refused. It grants
nothing that the list itself would not show, so it needs no signature.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from shop.common.errors import FieldError, Unprocessable

T = TypeVar("T")


class InvalidCursor(Unprocessable):
    """The cursor was not made by this list."""

    code = "invalid-cursor"
    title = "The cursor does not belong to this list"

    def __init__(self) -> None:
        detail = "take nextCursor as it was given, with the same filters, or leave it out"
        super().__init__(
            f"The cursor is not valid: {detail}.", fields=[FieldError("?cursor", detail)]
        )


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items of a list, and the cursor to those that follow (None: there are no more)."""

    items: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True)
class Cursors:
    """Makes and reads the cursors of one list under one set of filters."""

    scope: str

    @classmethod
    def of(cls, name: str, **filters: object) -> "Cursors":
        """Return the cursors of the list ``name`` under these filters (None: not filtered by)."""
        named = sorted((k, str(v)) for k, v in filters.items() if v is not None)
        digest = hashlib.blake2s(orjson.dumps([name, named]), digest_size=6)
        return cls(digest.hexdigest())

    def encode(self, *key: str | int) -> str:
        """Return the cursor that stands behind the item with this sort key."""
        return base64.urlsafe_b64encode(orjson.dumps([self.scope, *key])).decode().rstrip("=")

    def decode(self, cursor: str, *types: type) -> list[Any]:
        """Return the sort key in a cursor; raise InvalidCursor if it is not one of ours."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            scope, *key = list(orjson.loads(raw))
        except (ValueError, TypeError) as error:
            raise InvalidCursor from error
        if scope != self.scope or [type(part) for part in key] != list(types):
            raise InvalidCursor
        return list(key)


def cut(items: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """Make a page of up to ``limit + 1`` items: the one too many shows that there are more."""
    if len(items) <= limit:
        return Page(items, None)
    return Page(items[:limit], cursor_of(items[limit - 1]))
