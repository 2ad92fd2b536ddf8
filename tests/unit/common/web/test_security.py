"""An operation says who may call it, or the service does not start."""

import pytest

from shop.common.caller import Kind
from shop.common.web.security import Allowed, Own
from shop.common.web.spec import Spec, SpecError

DEFINITIONS = {
    "shopper": {"type": "oauth2", "scopes": {}},
    "staff": {"type": "oauth2", "scopes": {"things:read": "Read."}},
    "service": {"type": "oauth2", "scopes": {"order": "The order service."}},
    "partner": {"type": "oauth2", "scopes": {}},
}
CUSTOMER = {"name": "customerId", "in": "path", "type": "string"}


def read(**item):
    operation = {"operationId": "list_things", **item}
    paths = {"/things": {"get": operation}}
    document = {"basePath": "/api/v1", "securityDefinitions": DEFINITIONS, "paths": paths}
    return next(Spec(document).operations())


def test_an_empty_list_lets_everyone_in():
    assert read(security=[]).allowed == ()


def test_each_entry_lets_one_kind_of_caller_in():
    security = [{"shopper": []}, {"staff": ["things:read"]}, {"service": ["order"]}]
    found = read(security=security, parameters=[CUSTOMER], **{"x-own": "path"})
    assert found.own is Own.PATH
    assert found.allowed == (
        Allowed(Kind.SHOPPER, frozenset()),
        Allowed(Kind.STAFF, frozenset({"things:read"})),
        Allowed(Kind.SERVICE, frozenset({"order"})),
    )


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ({}, "list_things does not say who may call it"),
        ({"security": None}, "does not say who may call it"),
        ({"security": [{}]}, "names one kind of caller"),
        ({"security": [{"staff": ["things:read"], "service": ["order"]}]}, "names one kind"),
        ({"security": [{"admin": ["things:read"]}]}, "admin is not one of"),
        ({"security": [{"partner": []}]}, "partner is not one of"),
        ({"security": [{"staff": ["things:write"]}]}, "staff knows no scope things:write"),
        ({"security": [{"staff": []}]}, "take scopes"),
        ({"security": [{"service": []}]}, "take scopes"),
        ({"security": [{"shopper": []}]}, "`security` with shopper and `x-own` go together"),
        ({"security": [], "x-own": "path"}, "go together"),
        ({"security": [{"shopper": []}], "x-own": "trust"}, "x-own is 'trust'"),
        ({"security": [{"shopper": []}], "x-own": "path"}, "the path has no {customerId}"),
    ],
)
def test_what_is_not_clear_stops_the_start(item, fault):
    with pytest.raises(SpecError, match=fault):
        read(**item)


def test_what_all_operations_would_share_is_not_enough():
    """A default would open, or close, what is new without anybody's saying so."""
    document = {
        "basePath": "/",
        "security": [{"staff": ["things:read"]}],
        "securityDefinitions": DEFINITIONS,
        "paths": {"/things": {"get": {"operationId": "list_things"}}},
    }
    with pytest.raises(SpecError, match="does not say who may call it"):
        list(Spec(document).operations())
