from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep what breakers and clients tell of thousands of failures out of a test's report."""
    with capture_logs():
        yield
