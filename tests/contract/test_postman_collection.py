"""The Postman collection that is checked in is the one that the Swagger files make."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("postman", ROOT / "scripts" / "postman.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def postman() -> ModuleType:
    return _script()


@pytest.fixture(scope="module")
def collection(postman: ModuleType) -> dict[str, Any]:
    return json.loads(postman.COLLECTION.read_text("utf-8"))


def test_it_is_up_to_date(postman: ModuleType) -> None:
    stale = "the Swagger files have changed: run `make postman` and commit the collection"
    assert postman.COLLECTION.read_text("utf-8") == postman.render(), stale


def test_it_has_one_request_per_operation(postman: ModuleType, collection: dict[str, Any]) -> None:
    for folder in collection["item"]:
        operations = list(postman.Spec(folder["name"]).operations())
        asked = [item["request"]["method"].lower() for item in folder["item"]]
        assert asked == [method for _, method, _ in operations]


def test_every_variable_that_a_request_uses_is_defined(collection: dict[str, Any]) -> None:
    defined = {variable["key"] for variable in collection["variable"]}
    asking = json.dumps([collection["item"], collection["auth"]])
    used = set(re.findall(r"{{(\w+)}}", asking))
    assert used == defined


def test_what_is_for_everyone_shows_no_token(postman: ModuleType, collection: dict) -> None:
    for folder in collection["item"]:
        operations = [operation for _, _, operation in postman.Spec(folder["name"]).operations()]
        silent = [item["request"].get("auth") == {"type": "noauth"} for item in folder["item"]]
        assert silent == [operation["security"] == [] for operation in operations]


def test_what_creates_something_keeps_its_id(collection: dict[str, Any]) -> None:
    kept = re.findall(r'collectionVariables\.set\(\\"(\w+)', json.dumps(collection["item"]))
    assert sorted(kept) == ["adjustmentId", "customerId", "orderId", "productId"]
