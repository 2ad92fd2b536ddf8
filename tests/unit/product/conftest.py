import pytest
from tests.fakes.product.stores import Stores, in_memory

pytest.register_assert_rewrite("tests.fakes.product.suites")


@pytest.fixture
def stores() -> Stores:
    return in_memory()
