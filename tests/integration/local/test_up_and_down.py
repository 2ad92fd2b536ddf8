"""Starting and stopping: all of it or nothing, only what is ours, and never a process left."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from shop.local.ports import free_port


def state_of(shop) -> list[dict]:
    path = shop.home / "state.json"
    return json.loads(path.read_text()) if path.exists() else []


def processes_of(shop) -> list[str]:
    """Return the commands of all processes that work in the shop's home, state or no state."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if shop.home in (process / "cwd").readlink().parents or (
                (process / "cwd").readlink() == shop.home
            ):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture
def stranger():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_down_leaves_no_process_and_the_data(shop):
    everything = {"STANDIN_SERVERS": "mongo,redis,consul"}
    assert shop.run("up", "--free-ports", **everything).returncode == 0
    assert len(processes_of(shop)) == 7
    down = shop.run("down")
    assert down.returncode == 0
    assert "Stopped 7 processes" in down.stdout
    assert processes_of(shop) == []
    assert state_of(shop) == []
    assert (shop.home / "data/mongo/WiredTiger").exists()


def test_down_without_a_shop_says_so(shop):
    down = shop.run("down")
    assert down.returncode == 0
    assert "Nothing of the shop was running" in down.stdout


def test_status_without_a_shop_is_empty_and_fails(shop):
    status = shop.run("status", "--json")
    assert (status.returncode, json.loads(status.stdout)) == (1, [])


def test_a_crash_while_starting_names_the_log_and_stops_everything(shop):
    up = shop.run("up", "--free-ports", STANDIN_FAULT="product")
    assert up.returncode == 1
    assert "ended with exit code 1 while starting" in up.stderr
    assert str(shop.home / "logs/product-") in up.stderr
    assert "product cannot start: the test wants it so" in up.stderr
    assert "Traceback" not in up.stderr
    assert processes_of(shop) == []
    assert state_of(shop) == []


def test_a_crash_while_adding_to_a_running_shop_leaves_the_rest_running(shop):
    assert shop.run("up", "--free-ports", "--instances", "1").returncode == 0
    before = shop.status()
    up = shop.run("up", "--free-ports", "--instances", "2", STANDIN_FAULT="product")
    assert up.returncode == 1
    assert shop.status() == before


def test_a_taken_service_port_is_named_with_its_holder_before_anything_is_started(shop, taken):
    up = shop.run("up", STANDIN_CUSTOMER_PORT=str(free_port()), STANDIN_PRODUCT_PORT=str(taken))
    assert up.returncode == 1
    assert f"Port {taken}, on which product should listen" in up.stderr
    assert f"taken by pid {os.getpid()} (" in up.stderr
    assert processes_of(shop) == []
    assert not (shop.home / "logs").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_stops_everything(shop, number):
    up = shop.spawn("up", "--free-ports")
    assert up.stdout
    while "instances of the services" not in up.stdout.readline():
        assert up.poll() is None
    up.send_signal(number)
    printed, _ = up.communicate()
    assert up.returncode == 130, printed
    assert "interrupted" in printed
    assert processes_of(shop) == []
    assert state_of(shop) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_stops_everything(shop, number):
    up = shop.spawn("up", "--free-ports", "--foreground", "--instances", "1")
    assert up.stdout
    while "Ctrl-C stops everything" not in up.stdout.readline():
        assert up.poll() is None
    assert len(processes_of(shop)) == 4
    up.send_signal(number)
    up.communicate()
    assert up.returncode == 0
    assert processes_of(shop) == []


def test_in_the_foreground_it_ends_when_the_shop_is_stopped_elsewhere(shop):
    up = shop.spawn("up", "--free-ports", "--foreground", "--instances", "1")
    assert up.stdout
    while "Ctrl-C stops everything" not in up.stdout.readline():
        assert up.poll() is None
    assert shop.run("down").returncode == 0
    up.communicate()
    assert up.returncode == 0


def test_down_does_not_touch_a_stranger_with_a_recycled_pid(shop, stranger):
    assert shop.run("up", "--free-ports", "--instances", "1").returncode == 0
    state = state_of(shop)
    ours = [member["process"]["pid"] for member in state]
    stray = dict(state[0]["process"])
    state[0]["process"]["pid"] = stranger.pid
    (shop.home / "state.json").write_text(json.dumps(state))
    assert shop.run("down").returncode == 0
    assert stranger.poll() is None
    state[0]["process"] = stray  # the one that was hidden from down
    (shop.home / "state.json").write_text(json.dumps(state[:1]))
    assert shop.run("down").returncode == 0
    assert not any(Path(f"/proc/{pid}/exe").exists() for pid in ours)


def test_after_a_reboot_up_starts_afresh_and_keeps_the_data(shop, stranger):
    """The state names pids of another boot; one of them is somebody else's now."""
    assert shop.run("up", "--free-ports", "--instances", "1").returncode == 0
    state = state_of(shop)
    for member in state:
        os.kill(member["process"]["pid"], signal.SIGKILL)
        member["process"] = {"pid": stranger.pid, "started": "another boot/1"}
    (shop.home / "state.json").write_text(json.dumps(state))

    assert {status["health"] for status in shop.status()} == {"down"}
    up = shop.run("up", "--free-ports", "--instances", "1")

    assert up.returncode == 0, up.stderr
    assert "up already" not in up.stdout
    assert {status["health"] for status in shop.status()} == {"passing"}
    assert stranger.poll() is None


def test_two_ups_at_once_make_one_shop(shop):
    ups = [shop.spawn("up", "--free-ports", "--instances", "1") for _ in range(2)]
    printed = [up.communicate()[0] for up in ups]
    assert [up.returncode for up in ups] == [0, 0], printed
    assert sum("waiting for it to end" in text for text in printed) == 1
    assert len(processes_of(shop)) == 4


async def test_a_server_named_by_the_environment_is_used_and_left_alone(shop, redis_url):
    up = shop.run("up", "--free-ports", "--instances", "1", SHOP_REDIS_URL=redis_url)
    assert up.returncode == 0, up.stderr
    redis = shop.instances("redis")[0]
    assert (redis["url"], redis["pid"], redis["health"]) == (redis_url, None, "passing")
    assert not any("valkey" in command or "redis-s" in command for command in processes_of(shop))
    assert shop.run("down").returncode == 0
    async with Redis.from_url(redis_url) as client:
        assert await client.ping()


def test_one_that_does_not_answer_is_named_by_its_variable_without_its_password(shop):
    address = f"redis://:secret@127.0.0.1:{free_port()}"
    up = shop.run("up", "--free-ports", SHOP_REDIS_URL=address)
    assert up.returncode == 1
    assert "SHOP_REDIS_URL" in up.stderr
    assert "secret" not in up.stderr + up.stdout
    assert processes_of(shop) == []


def test_without_a_network_and_without_servers_one_message_says_what_to_install(shop, tmp_path):
    nothing = {"PATH": "/nonexistent", "SHOP_BIN": str(tmp_path), "PIP_FIND_LINKS": ""}
    up = shop.run("up", "--free-ports", PIP_NO_INDEX="1", **nothing)
    assert up.returncode == 1
    assert "could not be fetched" in up.stderr
    assert "Install" in up.stderr
    assert "SHOP_" in up.stderr
    assert "Traceback" not in up.stderr
    assert processes_of(shop) == []


def test_seeding_twice_changes_nothing(shop):
    assert shop.run("up", "--free-ports", "--instances", "1").returncode == 0
    first, second = shop.run("seed"), shop.run("seed")
    assert "products: 50 put in, 0 were there" in first.stdout
    assert "customers: 20 put in, 0 were there" in first.stdout
    assert "products: 0 put in, 50 were there" in second.stdout
    assert "customers: 0 put in, 20 were there" in second.stdout


def test_seeding_without_a_shop_says_how_to_start_it(shop):
    seeded = shop.run("seed")
    assert seeded.returncode == 1
    assert "python -m shop up" in seeded.stderr


def test_peers_without_a_shop_says_how_to_start_it(shop):
    shown = shop.run("peers")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "python -m shop up" in shown.stderr


def test_wrong_usage_is_exit_code_2(shop):
    assert shop.run("up", "--instances", "0").returncode == 2
    assert shop.run("sideways").returncode == 2
