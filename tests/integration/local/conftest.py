"""Shops made of stand-ins for the services, with real servers."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_STANDIN = Path(__file__).parent / "standin.py"


@pytest.fixture
def shop(new_shop: Callable[..., Any]) -> Iterator[Any]:
    """A shop of stand-ins with Consul and Redis that is down."""
    shop = new_shop(sys.executable, str(_STANDIN), STANDIN_SERVERS="consul,redis")
    yield shop
    shop.run("down")


@pytest.fixture(scope="module")
def running_shop(new_shop: Callable[..., Any]) -> Iterator[Any]:
    """A shop of stand-ins with all servers that is up, for tests that leave it so."""
    shop = new_shop(sys.executable, str(_STANDIN))
    up = shop.run("up", "--free-ports")
    assert up.returncode == 0, up.stderr
    yield shop
    shop.run("down")
