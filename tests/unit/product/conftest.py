import pytest
from tests.fakes.product.stores import Stores, in_memory


@pytest.fixture
def stores() -> Stores:
    return in_memory()
