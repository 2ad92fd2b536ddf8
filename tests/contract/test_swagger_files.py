"""The three Swagger files: valid, bounded everywhere, of one mind, and right in their examples."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator, FormatChecker
from openapi_spec_validator import OpenAPIV2SpecValidator

SOURCE = Path(__file__).parents[2] / "src" / "shop"
FILES = {name: SOURCE / name / "swagger.yaml" for name in ("customer", "product", "order")}
TEXTS = {name: path.read_text("utf-8") for name, path in FILES.items()}
SPECS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
PROBLEM = "application/problem+json"
SHARED_PARAMETERS = {"Limit", "Cursor", "IfMatch", "IfNoneMatch"}

each_service = pytest.mark.parametrize("service", FILES)


def operations(service: str) -> Iterator[dict[str, Any]]:
    for item in SPECS[service]["paths"].values():
        yield from (item[method] for method in item if method != "parameters")


def nodes(node: Any, where: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object in a document, but for what is in an example."""
    if isinstance(node, list):
        for index, part in enumerate(node):
            yield from nodes(part, f"{where}/{index}")
    if isinstance(node, dict):
        yield where, node
        for name, part in node.items():
            if name not in {"example", "examples", "x-example"}:
                yield from nodes(part, f"{where}/{name}")


def typed(service: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(where, node) for where, node in nodes(SPECS[service]) if node.get("type") == kind]


def resolve(service: str, node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference into the document, if the node is one."""
    target = SPECS[service]
    for part in node["$ref"].split("/")[1:] if "$ref" in node else []:
        target = target[part]
    return target if "$ref" in node else node


def json_schema(service: str, node: Any) -> Any:
    """Turn a Swagger schema into a JSON schema: no references, and null where x-nullable is."""
    if isinstance(node, list):
        return [json_schema(service, part) for part in node]
    if not isinstance(node, dict):
        return node
    node = resolve(service, node)
    plain = {k: json_schema(service, v) for k, v in node.items() if k not in {"example", "default"}}
    if plain.pop("x-nullable", False) is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def check(service: str, schema: dict[str, Any], example: Any) -> None:
    closed = json_schema(service, schema)
    Draft4Validator(closed, format_checker=FormatChecker()).validate(example)


def responses(service: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for operation in operations(service):
        for status, response in operation["responses"].items():
            yield status, resolve(service, response)


def blocks(service: str, room: str) -> dict[str, str]:
    """Return the text of each entry of a top-level section, by its name."""
    section = re.split(r"^(?=\S)", TEXTS[service], flags=re.M)
    (text,) = [part for part in section if part.startswith(f"{room}:")]
    entries = re.findall(r"^  (\w+):.*\n((?:(?:    .*)?\n)*)", text, flags=re.M)
    return {name: body.rstrip() for name, body in entries}


@each_service
def test_the_file_is_valid_swagger(service: str) -> None:
    assert list(OpenAPIV2SpecValidator(SPECS[service]).iter_errors()) == []


@each_service
@pytest.mark.parametrize(
    ("kind", "bounds"),
    [
        ("integer", {"minimum", "maximum"}),
        ("string", {"maxLength"}),
        ("array", {"items", "maxItems"}),
    ],
)
def test_every_value_is_bounded(service: str, kind: str, bounds: set[str]) -> None:
    found = typed(service, kind)
    assert found
    assert [where for where, node in found if not bounds <= node.keys()] == []


@each_service
def test_no_value_is_a_float(service: str) -> None:
    assert typed(service, "number") == []


@each_service
def test_every_object_says_what_else_it_may_hold(service: str) -> None:
    """Closed, or a map that is bounded; only problems are open to members of their own."""
    open_ones = {"Problem", "Shortages", "AllowedTransitions", "Rejection"}
    for where, node in typed(service, "object"):
        if "allOf" in node or where.split("/")[2] in open_ones:
            continue
        extra = node.get("additionalProperties")
        assert extra is False or (isinstance(extra, dict) and "maxProperties" in node), where


@each_service
def test_what_is_required_is_described(service: str) -> None:
    for where, node in typed(service, "object"):
        assert set(node.get("required", [])) <= node.get("properties", {}).keys(), where


@each_service
def test_every_operation_is_named_as_a_python_function(service: str) -> None:
    names = [operation["operationId"] for operation in operations(service)]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


def test_no_two_services_share_an_operation_name() -> None:
    names = [operation["operationId"] for service in FILES for operation in operations(service)]
    assert len(set(names)) == len(names)


@each_service
def test_every_operation_explains_itself(service: str) -> None:
    tags = {tag["name"] for tag in SPECS[service]["tags"]}
    for operation in operations(service):
        assert {"summary", "description", "tags", "responses"} <= operation.keys()
        assert set(operation["tags"]) <= tags


@each_service
def test_every_operation_answers_any_other_fault_with_a_problem(service: str) -> None:
    problem = {"$ref": "#/definitions/Problem"}
    for operation in operations(service):
        assert resolve(service, operation["responses"]["default"])["schema"] == problem


@each_service
def test_every_error_is_a_problem_with_an_example(service: str) -> None:
    for status, response in responses(service):
        if status == "default" or status >= "400":
            schema = response["schema"]
            assert {"$ref": "#/definitions/Problem"} in [schema, *schema.get("allOf", [])]
            assert response["examples"].keys() == {PROBLEM}


@each_service
def test_an_example_of_an_error_has_its_status_and_a_code_of_the_table(service: str) -> None:
    table = re.findall(
        r"^\| (\d{3}) \| `([a-z-]+)` \|", SPECS[service]["info"]["description"], re.M
    )
    for status, response in responses(service):
        problem = response.get("examples", {}).get(PROBLEM)
        if problem:
            assert (str(problem["status"]), problem["code"]) in table
            assert status in {"default", str(problem["status"])}
            assert problem["type"] == "urn:shop:problem:" + problem["code"]


@each_service
def test_every_definition_has_an_example_that_it_allows(service: str) -> None:
    for name, schema in SPECS[service]["definitions"].items():
        assert "example" in schema, name
        check(service, schema, schema["example"])


@each_service
def test_every_example_of_an_answer_is_one_that_its_schema_allows(service: str) -> None:
    checked = 0
    for _, response in responses(service):
        for example in response.get("examples", {}).values():
            check(service, response["schema"], example)
            checked += 1
    assert checked


@each_service
def test_every_example_of_a_parameter_is_one_that_it_allows(service: str) -> None:
    named = [node for _, node in nodes(SPECS[service]) if "x-example" in node]
    assert named
    for parameter in named:
        schema = {key: parameter[key] for key in parameter.keys() - {"required", "x-example"}}
        check(service, schema, parameter["x-example"])


@each_service
def test_everything_shared_is_used(service: str) -> None:
    used = set(re.findall(r"\$ref: '#/(\w+/\w+)'", TEXTS[service]))
    named = {
        f"{room}/{name}" for room in ("parameters", "responses") for name in SPECS[service][room]
    }
    assert named <= used


@each_service
def test_a_single_resource_is_read_and_written_under_conditions(service: str) -> None:
    items = SPECS[service]["paths"].values()
    single = [item for item in items if "304" in item.get("get", {"responses": {}})["responses"]]
    assert single
    for item in single:
        assert {"$ref": "#/parameters/IfNoneMatch"} in item["get"]["parameters"]
        for method in item.keys() & {"put", "patch", "delete"}:
            assert {"$ref": "#/parameters/IfMatch"} in item[method]["parameters"]
            assert "412" in item[method]["responses"]


def test_what_the_files_share_reads_the_same_in_each() -> None:
    first: dict[tuple[str, str], str] = {}
    shared = 0
    for service in FILES:
        for room in ("parameters", "responses", "definitions"):
            for name, text in blocks(service, room).items():
                if room == "parameters" and name not in SHARED_PARAMETERS:
                    continue
                shared += (room, name) in first
                assert first.setdefault((room, name), text) == text, f"{service}: {room}/{name}"
    assert shared >= 2 * (len(SHARED_PARAMETERS) + len({"Money", "Problem"}))


def test_the_totals_that_can_be_null_are_money_otherwise() -> None:
    definitions = SPECS["customer"]["definitions"]
    for name in ("OrderLinkDraft", "OrderLink"):
        total = definitions[name]["properties"]["total"]
        assert total["x-nullable"] is True
        for key in ("type", "required", "additionalProperties", "properties"):
            assert total[key] == definitions["Money"][key]
