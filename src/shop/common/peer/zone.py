"""Nearer instances first: those of the caller's own zone, as long as there is one."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
ZoneOf = Callable[[T], str | None]

_REMEMBERED = 256
_remembered: dict[tuple[int, str], tuple[Sequence[Any], ZoneOf[Any], Sequence[Any]]] = {}


def nearest(candidates: Sequence[T], zone: str | None, zone_of: ZoneOf[T]) -> Sequence[T]:
    """Return the candidates of this zone; all of them if there is none, or no zone is given.

    Give it what may be called now: where the breakers have opened on a whole zone, the others are
    left. The answer for a tuple is remembered by the tuple's identity, since a call is made far
    more often than the instances change; a list, which may change inside, is looked through anew.
    """
    if not zone or len(candidates) < 2:
        return candidates
    if not isinstance(candidates, tuple):
        return _of_zone(candidates, zone, zone_of)
    key = (id(candidates), zone)
    known = _remembered.get(key)
    # It holds the tuple, so no other one can have come to the same id meanwhile.
    if known is not None and known[1] == zone_of:
        return known[2]
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    found = _of_zone(candidates, zone, zone_of)
    _remembered[key] = (candidates, zone_of, found)
    return found


def _of_zone(candidates: Sequence[T], zone: str, zone_of: ZoneOf[T]) -> Sequence[T]:
    near = tuple(each for each in candidates if zone_of(each) == zone)
    return near if 0 < len(near) < len(candidates) else candidates
