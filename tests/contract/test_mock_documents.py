"""The OpenAPI 3 copies that the mock servers answer from say the same as the Swagger files."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["customer", "product", "order"])
def swagger(request: pytest.FixtureRequest) -> dict[str, Any]:
    path = ROOT / "src" / "shop" / request.param / "swagger.yaml"
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def copy(swagger: dict[str, Any]) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("api_mock", ROOT / "scripts" / "api_mock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.openapi3(swagger)


def test_a_copy_is_valid_openapi_3(copy: dict[str, Any]) -> None:
    assert list(OpenAPIV30SpecValidator(copy).iter_errors()) == []


def test_a_copy_has_every_operation_under_its_whole_path(
    swagger: dict[str, Any], copy: dict[str, Any]
) -> None:
    expected = {
        ("/api/v1" + path, method, status)
        for path, item in swagger["paths"].items()
        for method in item.keys() - {"parameters"}
        for status in item[method]["responses"]
    }
    copied = {
        (path, method, status)
        for path, item in copy["paths"].items()
        for method, operation in item.items()
        for status in operation["responses"]
    }
    assert copied == expected


def test_in_a_copy_only_faults_are_problems(copy: dict[str, Any]) -> None:
    for item in copy["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                fault = status == "default" or status >= "400"
                expected = "application/problem+json" if fault else "application/json"
                assert response.get("content", {}).keys() <= {expected}
