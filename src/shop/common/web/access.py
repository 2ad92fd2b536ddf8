"""Holds an operation to what its ``security`` says: who calls, and whether it may.

An operation for everyone does not look at tokens at all. For any other, a token that was seen
before costs a look into a dictionary.
"""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from multidict import istr

from shop.common import caller
from shop.common.auth import InsufficientScope, NoToken, Verifier
from shop.common.caller import Caller, Kind
from shop.common.errors import NotFound
from shop.common.web.security import Own
from shop.common.web.spec import Operation

_AUTHORIZATION = istr("Authorization")

Admit = Callable[[web.Request], Awaitable[None]]


def access_check(operation: Operation, verifier: Verifier | None) -> Admit | None:
    """Return what enters a caller as the current one, and lets it in; None where all may call.

    It raises Unauthenticated, InsufficientScope, or NotFound where a shopper's path is another's.
    """
    if verifier is None or not operation.allowed:
        return None
    by_path = operation.own is Own.PATH

    async def admit(request: web.Request) -> None:
        token = _token(request.headers)
        who = verifier.known(token) or await verifier.verify(token)
        caller.enter(who)
        _check_scope(operation, who)
        if by_path and who.kind is Kind.SHOPPER:
            _check_own(who, request.match_info["customerId"])

    return admit


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get(_AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NoToken
    return token.strip()


def _check_scope(operation: Operation, who: Caller) -> None:
    wanted: frozenset[str] = frozenset()
    for allowed in operation.allowed:
        if allowed.kind is who.kind:
            if allowed.scopes <= who.scopes:
                return
            wanted |= allowed.scopes
    if wanted:
        raise InsufficientScope(f"This takes the scope {' '.join(sorted(wanted))}.", wanted)
    raise InsufficientScope(f"This is not for callers of the kind {who.kind}.")


def _check_own(who: Caller, customer_id: str) -> None:
    """Tell a shopper of another's what it would be told of nobody's."""
    if customer_id != who.customer_id:
        raise NotFound(f"There is no customer {customer_id}.")
