"""Who asks past the cache."""

import pytest

from shop.common import fresh


@pytest.fixture(autouse=True)
def nobody():
    yield
    fresh.enter(None)


@pytest.mark.parametrize("header", ["no-cache", "No-Cache", "max-age=0, no-cache"])
def test_no_cache_asks_past_it(header):
    fresh.enter(header)
    assert fresh.wanted()


@pytest.mark.parametrize("header", [None, "", "max-age=0", "no-store"])
def test_nothing_else_does_nor_does_what_an_earlier_request_asked(header):
    fresh.enter("no-cache")
    fresh.enter(header)
    assert not fresh.wanted()
