import pytest
from tests.unit.product.stores import Stores, in_memory

pytest.register_assert_rewrite("tests.unit.product.suites")


@pytest.fixture
def stores() -> Stores:
    return in_memory()
