"""docs/security.md has the matrix that the Swagger files make."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("security", ROOT / "scripts" / "security.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_up_to_date(script: ModuleType) -> None:
    stale = "the Swagger files have changed: run `make security` and commit the document"
    assert script.DOCUMENT.read_text("utf-8") == script.render(), stale


def test_only_the_catalogue_is_for_everyone(script: ModuleType) -> None:
    open_ones = [line.split("`")[1] for line in script.table() if line.count(" yes ") == 7]
    assert open_ones == ["GET /products", "GET /products/{productId}"]
