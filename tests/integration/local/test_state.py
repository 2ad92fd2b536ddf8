"""The state file is whole at every moment, and what it says can be wrong without harm."""

import os
import threading
from dataclasses import replace

import pytest

from shop.local.process import Process, identify
from shop.local.state import Member, State

SERVER = Member("mongo", "server", "mongo", "mongodb://127.0.0.1:1")
INSTANCE = Member("order", "instance", "order-1", "http://127.0.0.1:1")
ME = identify(os.getpid())
GONE = Process(ME.pid, "before the reboot/1")


def test_what_was_added_is_read_again(tmp_path):
    member = replace(INSTANCE, process=ME, log="/a/log", slot=2)
    State(tmp_path / "state.json").add(member)
    assert list(State(tmp_path / "state.json")) == [member]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "state.json"
    state = State(path)
    state.add(SERVER)
    done = threading.Event()

    def write() -> None:
        for number in range(300):
            state.add(replace(INSTANCE, id=f"order-{number % 30}"))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not done.is_set():
        assert State(path).get("mongo") == SERVER
        seen += 1
    writer.join()
    assert seen > 0


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    state = State(tmp_path / "state.json")
    state.add(SERVER)
    with pytest.raises(TypeError):
        state.add(replace(INSTANCE, log=object()))
    assert list(State(tmp_path / "state.json")) == [SERVER]
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_only_its_owner_can_read_it(tmp_path):
    State(tmp_path / "state.json").add(SERVER)
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0


def test_without_members_there_is_no_file(tmp_path):
    state = State(tmp_path / "state.json")
    state.add(SERVER)
    state.remove(SERVER)
    assert not list(tmp_path.iterdir())


def test_after_a_reboot_all_is_forgotten(tmp_path):
    state = State(tmp_path / "state.json")
    state.add(replace(SERVER, process=GONE))
    state.add(replace(INSTANCE, process=GONE))
    state.add(Member("redis", "server", "redis", "redis://elsewhere"))
    state.forget_the_dead()
    assert list(state) == []


def test_a_dead_server_keeps_its_address_while_an_instance_lives(tmp_path):
    state = State(tmp_path / "state.json")
    state.add(replace(SERVER, process=GONE))
    state.add(replace(INSTANCE, process=ME))
    state.add(replace(INSTANCE, id="order-2", process=GONE))
    state.forget_the_dead()
    assert [member.id for member in state] == ["mongo", "order-1"]
