"""The spec as Swagger UI is given it: one place for a token, whoever gave it out."""

from shop.common.web.docs import with_one_token
from shop.common.web.spec import Spec


def test_every_operation_that_asks_who_calls_asks_for_the_token():
    document = Spec.of("shop.order").document
    shown = with_one_token(document)
    asked = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                security = shown["paths"][path][method]["security"]
                assert security == ([{"token": []}] if operation["security"] else [])
                asked += bool(operation["security"])
    assert asked > 5
    assert shown["definitions"] == document["definitions"]


def test_what_is_for_everyone_asks_for_none():
    shown = with_one_token(Spec.of("shop.product").document)
    assert shown["paths"]["/products"]["get"]["security"] == []


def test_it_tells_which_scopes_there_are():
    token = with_one_token(Spec.of("shop.order").document)["securityDefinitions"]["token"]
    assert "`orders:pay`: Take orders as paid." in token["description"]


def test_the_spec_itself_stays_as_it_is():
    spec = Spec.of("shop.order")
    with_one_token(spec.document)
    assert spec.document == Spec.of("shop.order").document
