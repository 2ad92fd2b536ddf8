import os
import socket

import pytest

from shop.local.ports import free_port, holder, is_free


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_somebody_listens_on_is_not_free(taken):
    assert not is_free(taken)


def test_a_port_that_nobody_holds_is_free():
    assert is_free(free_port())


def test_no_port_is_given_twice():
    assert len({free_port() for _ in range(50)}) == 50


def test_the_holder_is_named_by_its_pid(taken):
    assert str(holder(taken)).startswith(f"pid {os.getpid()} (")


def test_a_free_port_has_no_holder():
    assert holder(free_port()) is None
