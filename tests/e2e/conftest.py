"""The whole shop: two real processes of each service, real servers, all on free ports."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all tests of the shop, so that only one is started."""
    for item in items:
        if "shop_stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("shop"))


@pytest.fixture(scope="session")
def shop_stack(new_shop: Callable[..., Any]) -> Iterator[Any]:
    """The shop, up. Tests may kill instances; ``run("up", "--free-ports")`` brings them back.

    ``url(service)`` is the address of an instance (or of consul, mongo, redis),
    ``instances(service)`` what ``status --json`` says of them. It asks for tokens;
    ``run("token", ...)`` prints one.
    """
    shop = new_shop(SHOP_AUTH="on")
    up = shop.run("up", "--free-ports")
    assert up.returncode == 0, up.stdout + up.stderr
    yield shop
    shop.run("down")
