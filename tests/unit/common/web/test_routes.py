"""The spec is the routing table, and it is held to."""

from types import ModuleType

import pytest
from aiohttp import web

from shop.common.web.routes import bind
from shop.common.web.spec import Spec, SpecError

SPEC = Spec(
    {
        "basePath": "/api/v1",
        "consumes": ["application/json"],
        "parameters": {"Limit": {"name": "limit", "in": "query", "type": "integer"}},
        "paths": {
            "/things": {
                "parameters": [{"name": "shared", "in": "query", "type": "string"}],
                "get": {
                    "operationId": "list_things",
                    "security": [],
                    "parameters": [{"$ref": "#/parameters/Limit"}],
                },
                "post": {"operationId": "create_thing", "security": []},
            },
            "/things/{thingId}": {
                "patch": {
                    "operationId": "patch_thing",
                    "security": [],
                    "consumes": ["application/x"],
                },
            },
        },
    }
)


async def _handler(_: web.Request) -> web.Response:
    return web.Response()


def handlers(*names: str) -> ModuleType:
    module = ModuleType("some_service.handlers")
    for name in names:

        async def handler(_: web.Request) -> web.Response:
            return web.Response()

        handler.__module__ = module.__name__
        setattr(module, name, handler)
    return module


def bound(module: ModuleType) -> set[tuple[str, str]]:
    app = web.Application()
    bind(app, SPEC, module, None)
    return {(route.method, route.resource.canonical) for route in app.router.routes()}


def test_every_operation_is_routed_to_the_handler_of_its_name():
    assert bound(handlers("list_things", "create_thing", "patch_thing")) == {
        ("GET", "/api/v1/things"),
        ("HEAD", "/api/v1/things"),
        ("POST", "/api/v1/things"),
        ("PATCH", "/api/v1/things/{thingId}"),
    }


def test_an_operation_without_a_handler_stops_the_start():
    with pytest.raises(SpecError, match=r"some_service\.handlers.*no handler for create_thing$"):
        bound(handlers("list_things", "patch_thing"))


def test_a_handler_without_an_operation_stops_the_start():
    with pytest.raises(SpecError, match=r"no operation for drop_thing$"):
        bound(handlers("list_things", "create_thing", "patch_thing", "drop_thing"))


def test_every_misfit_is_named():
    with pytest.raises(SpecError, match=r"no handler for create_thing; .*no operation for oops$"):
        bound(handlers("list_things", "patch_thing", "oops"))


def test_what_a_handlers_module_imports_or_hides_is_no_handler():
    module = handlers("list_things", "create_thing", "patch_thing", "_private")
    module.imported = _handler
    module.KEY = web.AppKey("key", str)
    assert bound(module)


def test_parameters_are_the_paths_and_the_operations_own():
    (listing,) = [operation for operation in SPEC.operations() if operation.id == "list_things"]
    assert [parameter["name"] for parameter in listing.declared("query")] == ["shared", "limit"]
    assert listing.declared("body") == []


def test_an_operations_own_media_types_come_before_the_specs():
    consumes = {operation.id: operation.consumes for operation in SPEC.operations()}
    assert consumes["create_thing"] == ("application/json",)
    assert consumes["patch_thing"] == ("application/x",)
