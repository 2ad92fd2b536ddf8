"""Who may call an operation, as its ``security`` in swagger.yaml says it.

Each entry of ``security`` names one kind of caller that may call; an empty list lets in everyone.
Staff needs all the scopes named; a service has one scope, its name; a shopper has none, but the
operation says in ``x-own`` how it keeps a shopper to what is its own. An operation that does not
say all this stops the start-up: nothing is open, or closed, for being forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shop.common.caller import Kind

KINDS = {str(kind): kind for kind in (Kind.SHOPPER, Kind.STAFF, Kind.SERVICE)}


class SpecError(Exception):
    """The spec and the code do not fit together; the service must not start."""


class Own(StrEnum):
    """Where it stands whose an operation's subject is. ``PATH`` is checked for all handlers."""

    PATH = "path"  # the parameter customerId; another's is 404
    STORED = "stored"  # in what is stored: the handler looks; another's is 404
    FILTER = "filter"  # a list, which the handler cuts down to the shopper's own
    BODY = "body"  # the body names the customer; the handler refuses another's


@dataclass(frozen=True, slots=True)
class Allowed:
    """A kind of caller that may call, if it has all the scopes."""

    kind: Kind
    scopes: frozenset[str]


def read_allowed(
    operation: str, item: Mapping[str, Any], document: Mapping[str, Any]
) -> tuple[Allowed, ...]:
    """Return who may call an operation; raise SpecError where that is not said, or not clear."""
    entries = item.get("security")
    if not isinstance(entries, list):
        raise SpecError(f"{operation} does not say who may call it: give it a list `security`")
    return tuple(_allowed(operation, entry, document) for entry in entries)


def read_own(
    operation: str,
    item: Mapping[str, Any],
    allowed: Sequence[Allowed],
    parameters: Sequence[Mapping[str, Any]],
) -> Own | None:
    """Return how a shopper is kept to its own; raise SpecError where only one of both is said."""
    own, lets_shoppers_in = item.get("x-own"), any(each.kind is Kind.SHOPPER for each in allowed)
    if (own is not None) != lets_shoppers_in:
        raise SpecError(f"{operation}: `security` with shopper and `x-own` go together")
    if own is None:
        return None
    if own not in list(Own):
        raise SpecError(f"{operation}: x-own is {own!r}, not one of {', '.join(Own)}")
    in_path = [each["name"] for each in parameters if each["in"] == "path"]
    if own == Own.PATH and "customerId" not in in_path:
        raise SpecError(f"{operation}: x-own is path, but the path has no {{customerId}}")
    return Own(own)


def _allowed(operation: str, entry: Any, document: Mapping[str, Any]) -> Allowed:
    definitions = document.get("securityDefinitions", {})
    if not isinstance(entry, dict) or len(entry) != 1:
        raise SpecError(f"{operation}: an entry of `security` names one kind of caller")
    ((name, scopes),) = entry.items()
    if name not in KINDS or name not in definitions:
        raise SpecError(f"{operation}: {name} is not one of the securityDefinitions")
    unknown = sorted(set(scopes) - set(definitions[name].get("scopes", {})))
    if unknown:
        raise SpecError(f"{operation}: {name} knows no scope {', '.join(unknown)}")
    kind = KINDS[name]
    if (kind is Kind.SHOPPER) == bool(scopes):
        raise SpecError(f"{operation}: staff and service take scopes, and shopper takes none")
    return Allowed(kind, frozenset(scopes))
