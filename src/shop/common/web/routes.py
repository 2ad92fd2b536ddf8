"""The spec is the routing table: each operationId is bound to the handler of that name."""

from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from shop.common.auth import Verifier
from shop.common.web.access import access_check
from shop.common.web.parameters import header_check, path_check, query_reader
from shop.common.web.rates import Rates
from shop.common.web.spec import Operation, Spec, SpecError

BASE_PATH: web.AppKey[str] = web.AppKey("base_path", str)
OPERATION: web.RequestKey[Operation] = web.RequestKey("operation", Operation)
_QUERY: web.RequestKey[dict[str, Any]] = web.RequestKey("query", dict)


def bind(
    app: web.Application,
    spec: Spec,
    handlers: ModuleType,
    verifier: Verifier | None,
    rates: Rates | None = None,
) -> Mapping[Handler, Operation]:
    """Route every operation of the spec to its handler; return which routed one is which.

    ``verifier``: what checks tokens; None: everyone may do everything. ``rates``: how often a
    caller may ask; None: any number of times.
    Raises SpecError if an operation has no handler, or a handler no operation.
    """
    found = _handlers_in(handlers)
    operations = {operation.id: operation for operation in spec.operations()}
    if operations.keys() != found.keys():
        raise SpecError(
            _mismatch(handlers, operations.keys() - found.keys(), found.keys() - operations.keys())
        )
    app[BASE_PATH] = spec.base_path
    bound: dict[Handler, Operation] = {}
    for name, operation in operations.items():
        check_rate = rates.check_for(operation) if rates else None
        endpoint = _endpoint(operation, found[name], verifier, check_rate)
        bound[endpoint] = operation
        if operation.method == "GET":
            app.router.add_get(operation.path, endpoint)  # and HEAD
        else:
            app.router.add_route(operation.method, operation.path, endpoint)
    return bound


def query(request: web.Request) -> dict[str, Any]:
    """Return the operation's query parameters, by their names in Python; absent ones are None."""
    return request[_QUERY]


def _handlers_in(module: ModuleType) -> dict[str, Handler]:
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
        and callable(value)
    }


def _mismatch(module: ModuleType, missing: set[str], surplus: set[str]) -> str:
    said = [f"{module.__name__} and its swagger.yaml do not fit together"]
    said += [f"no handler for {name}" for name in sorted(missing)]
    said += [f"no operation for {name}" for name in sorted(surplus)]
    return "; ".join(said)


def _endpoint(
    operation: Operation,
    handler: Callable[[web.Request], Awaitable[Any]],
    verifier: Verifier | None,
    check_rate: Callable[[web.Request], None] | None,
) -> Handler:
    admit = access_check(operation, verifier)
    check_path = path_check(operation)
    check_headers = header_check(operation) if operation.declared("header") else None
    read_query = query_reader(operation)
    takes_query = bool(operation.declared("query"))

    async def endpoint(request: web.Request) -> web.StreamResponse:
        request[OPERATION] = operation
        try:
            if admit is not None:
                await admit(request)
        finally:  # who is refused is counted, too: without a valid token, by address
            if check_rate:
                check_rate(request)
        check_path(request.match_info)
        if check_headers:
            check_headers(request.headers)
        if takes_query or request.query_string:
            request[_QUERY] = read_query(request.query)
        response: web.StreamResponse = await handler(request)
        return response

    return endpoint
