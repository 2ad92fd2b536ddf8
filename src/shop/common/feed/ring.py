"""The last of what a feed has told, for all who follow it: each has a place in it, and no more."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

_ENTRY_BYTES = 400  # what an entry takes beside its text, roughly


@dataclass(slots=True)
class Entry:
    """An event as it is sent; ``text`` is empty once it must not be told any more."""

    token: str
    id: str
    owner: str | None
    text: bytes


class Ring:
    """Holds up to ``most_bytes``; beyond that the oldest entries go.

    Tokens are ordered as the changes are. Whatever came after ``floor``, up to ``last``, is here.
    """

    def __init__(self, most_bytes: int, floor: str) -> None:
        self._most_bytes = most_bytes
        self._entries: dict[int, Entry] = {}
        self._of: dict[str, list[int]] = {}  # by the id of the document
        self._first = self._next = 0
        self.floor = self.last = floor
        self.bytes = 0

    def add(self, entries: Iterable[Entry], last: str) -> None:
        """Add what came up to ``last``."""
        for entry in entries:
            self._entries[self._next] = entry
            self._of.setdefault(entry.id, []).append(self._next)
            self._next += 1
            self.bytes += _size(entry)
        self.last = max(self.last, last)
        while self.bytes > self._most_bytes and self._first < self._next:
            self._drop_first()

    def forget(self, document_id: str) -> None:
        """Hold nothing more of a document; that there was something leaves only its place."""
        for number in self._of.get(document_id, ()):
            entry = self._entries[number]
            self.bytes -= len(entry.text)
            entry.text = b""

    def reaches(self, token: str) -> bool:
        """Tell whether all that came after this place is here."""
        return token >= self.floor

    def after(self, token: str, most_bytes: int) -> list[Entry]:
        """Return what came after this place, oldest first: up to so many bytes, one at least."""
        numbers = range(self._first, self._next)
        at = bisect_right(numbers, token, key=lambda number: self._entries[number].token)
        found, size = [], 0
        for number in numbers[at:]:
            found.append(self._entries[number])
            size += len(found[-1].text)
            if size >= most_bytes:
                break
        return found

    def _drop_first(self) -> None:
        entry = self._entries.pop(self._first)
        self._first += 1
        self.bytes -= _size(entry)
        self.floor = entry.token
        numbers = self._of[entry.id]
        numbers.remove(self._first - 1)
        if not numbers:
            del self._of[entry.id]


def _size(entry: Entry) -> int:
    return len(entry.text) + _ENTRY_BYTES
