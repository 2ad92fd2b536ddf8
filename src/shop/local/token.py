"""``python -m shop token``: a token to call the shop with, on this machine."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from shop.common.caller import Caller, Kind
from shop.common.web.spec import Spec
from shop.local.errors import LocalError
from shop.local.home import Home
from shop.local.keys import ORDER, Keys
from shop.local.service import SERVICES

_SUBJECT = "local"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    kinds = [str(Kind.SHOPPER), str(Kind.STAFF), str(Kind.SERVICE)]
    parser.add_argument("--as", dest="kind", choices=kinds, required=True, help="who calls")
    parser.add_argument("--customer", metavar="ID", help="whose orders the shopper sees")
    parser.add_argument(
        "--scope", action="append", help="what staff may do; again for more (everything)"
    )
    parser.add_argument("--keys", type=Path, help="folder of the keys (those of `up`)")


def token(home: Home, parsed: argparse.Namespace) -> str:
    """Return the token that is asked for; raise LocalError where it cannot be made."""
    return Keys(parsed.keys or home.keys).token(_caller(parsed))


def staff_headers(home: Home) -> dict[str, str]:
    """Return the headers by which the commands call the services."""
    caller = Caller(Kind.STAFF, _SUBJECT, frozenset(scopes()))
    return {"Authorization": f"Bearer {Keys(home.keys).token(caller)}"}


def scopes() -> Iterator[str]:
    """Return all that staff may be allowed, as the Swagger files have it."""
    for service in SERVICES:
        definitions = Spec.of(f"shop.{service.name}").document["securityDefinitions"]
        yield from definitions["staff"]["scopes"]


def _caller(parsed: argparse.Namespace) -> Caller:
    kind = Kind(parsed.kind)
    if (kind is Kind.SHOPPER) != bool(parsed.customer):
        raise LocalError("--customer goes with --as shopper, and must be there")
    if parsed.scope and kind is not Kind.STAFF:
        raise LocalError("--scope goes with --as staff only")
    if kind is Kind.SHOPPER:
        return Caller(kind, f"{_SUBJECT}-{parsed.customer}", customer_id=parsed.customer)
    if kind is Kind.STAFF:
        return Caller(kind, _SUBJECT, _chosen(parsed.scope))
    return Caller(kind, ORDER)


def _chosen(given: list[str] | None) -> frozenset[str]:
    known = frozenset(scopes())
    chosen = frozenset(scope for each in given or [] for scope in each.split())
    if unknown := sorted(chosen - known):
        raise LocalError(f"No scope {', '.join(unknown)}. There are {', '.join(sorted(known))}")
    return chosen or known
