"""The marshmallow schemas say what the definitions of the Swagger files say.

What apispec makes of a schema is compared with the definition of its name. A service joins as soon
as it has schemas.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import marshmallow
import pytest
import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from shop.common.web.schema import Schema

SOURCE = Path(__file__).parents[2] / "src" / "shop"
SERVICES = [name for name in ("customer", "product", "order") if find_spec(f"shop.{name}.schemas")]

# Bodies of errors: they are not dumped by schemas, but made of errors.
ERRORS = {"Problem", "Shortages", "AllowedTransitions", "Rejection"}
TEXTS = {"description", "example", "title", "default"}

each_service = pytest.mark.parametrize("service", SERVICES)


def swagger(service: str) -> dict[str, Any]:
    return yaml.safe_load((SOURCE / service / "swagger.yaml").read_text("utf-8"))


def schemas(service: str) -> dict[str, type[Schema]]:
    """Return the schemas of a service, its own and the shared ones it uses, by definition."""
    module = import_module(f"shop.{service}.schemas")
    found = {
        name.removesuffix("Schema"): value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Schema) and not name.startswith("_")
    }
    found.pop("", None)
    return found


def generated(service: str) -> dict[str, Any]:
    """Return the definitions that apispec makes of the schemas."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec("x", "1", "2.0", plugins=[plugin])
    for name, schema in schemas(service).items():
        if name not in spec.components.schemas:
            spec.components.schema(name, schema=schema)
    return dict(spec.to_dict()["definitions"])


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__).removesuffix("Schema")


def plain(node: Any, definitions: dict[str, Any]) -> Any:
    """Leave out what the two write differently and mean the same by; follow references.

    Swagger 2.0 repeats what may be null (nothing may stand beside a reference), puts a reference
    that has a description into allOf, and bounds an enumeration as the text that it is.
    """
    if isinstance(node, list):
        return [plain(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    node = {key: value for key, value in node.items() if key not in TEXTS}
    (beside,) = node.pop("allOf", [{}])
    node |= beside
    if "$ref" in node:
        return plain({**definitions[node.pop("$ref").rpartition("/")[2]], **node}, definitions)
    if "enum" in node:
        return {"enum": sorted(node["enum"]), "x-nullable": node.get("x-nullable", False)}
    if node.get("type") == "integer":
        node.pop("format", None)
    if node.get("type") == "object" and "maxLength" in node:  # apispec's word for it
        node["maxProperties"] = node.pop("maxLength")
    if isinstance(node.get("properties"), dict):
        return _plain_object(node, definitions)
    return {key: plain(value, definitions) for key, value in node.items()}


def _plain_object(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    properties = node.pop("properties")
    if node.get("maxProperties") == len(properties):
        del node["maxProperties"]
    return {
        **node,
        "required": sorted(node.get("required", [])),
        "properties": {name: plain(part, definitions) for name, part in properties.items()},
    }


def differences(made: Any, written: Any, where: str = "#") -> Iterator[str]:
    if not (isinstance(made, dict) and isinstance(written, dict)):
        if made != written:
            yield f"{where}: the schema says {made!r}, the Swagger file {written!r}"
        return
    for key in sorted(made.keys() | written.keys()):
        yield from differences(made.get(key), written.get(key), f"{where}/{key}")


def pairs() -> Iterator[Any]:
    for service in SERVICES:
        for name in swagger(service)["definitions"]:
            if name not in ERRORS and not name.endswith("List"):
                yield pytest.param(service, name, id=f"{service}-{name}")


@pytest.mark.parametrize(("service", "name"), list(pairs()))
def test_a_schema_says_what_its_definition_says(service, name):
    written, made = swagger(service)["definitions"], generated(service)
    assert name in made, f"shop.{service}.schemas has no {name}Schema"
    may_be_null = {"x-nullable": False}  # who refers to it says so
    ours = plain(made[name] | may_be_null, made)
    assert list(differences(ours, plain(written[name] | may_be_null, written))) == []


@each_service
def test_every_schema_has_a_definition(service):
    assert schemas(service).keys() <= swagger(service)["definitions"].keys()


@each_service
def test_every_enumeration_is_bounded_by_its_longest_value(service):
    def enumerations(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if isinstance(node.get("enum"), list):
                yield node
            for part in node.values():
                yield from enumerations(part)

    for node in enumerations(swagger(service)["definitions"]):
        assert node["type"] == "string"
        assert node["maxLength"] == max(map(len, node["enum"]))


@each_service
def test_a_list_is_items_and_a_cursor_that_may_be_null(service):
    definitions = swagger(service)["definitions"]
    for name in [name for name in definitions if name.endswith("List")]:
        page = definitions[name]
        assert page["additionalProperties"] is False
        assert sorted(page["required"]) == sorted(page["properties"]) == ["items", "nextCursor"]
        assert page["properties"]["items"]["items"]["$ref"].rpartition("/")[2] in schemas(service)
        cursor = page["properties"]["nextCursor"]
        assert cursor["type"] == "string"
        assert cursor["x-nullable"] is True


@each_service
def test_what_a_body_must_not_have_the_schema_refuses(service):
    for schema in schemas(service).values():
        with pytest.raises(marshmallow.ValidationError) as caught:
            schema().load({"surelyUnknown": 1})
        assert "surelyUnknown" in caught.value.messages
