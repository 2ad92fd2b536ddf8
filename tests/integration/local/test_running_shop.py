"""What can be done with a shop that is up: two stand-in services, two instances each."""

import json
import os
import signal

import aiohttp
import pytest

from shop.local.process import identify

pytestmark = [
    pytest.mark.xdist_group("running-shop"),  # so that only one worker starts it
    pytest.mark.timeout(300),
]


def pids(shop) -> dict[str, int]:
    return {status["id"]: status["pid"] for status in shop.status()}


def kill(pid: int) -> None:
    process = identify(pid)
    os.kill(pid, signal.SIGKILL)
    while process.alive:
        pass


def test_status_as_json_is_a_list_of_instances_and_servers(running_shop):
    shown = running_shop.run("status", "--json")
    statuses = json.loads(shown.stdout)
    assert shown.returncode == 0
    assert all(list(s) == ["service", "id", "url", "pid", "health"] for s in statuses)
    assert {s["health"] for s in statuses} == {"passing"}
    assert sorted(s["service"] for s in statuses) == sorted(
        ["mongo", "redis", "consul", "customer", "customer", "product", "product"]
    )


async def test_consul_knows_every_instance_under_the_same_id(running_shop):
    statuses = running_shop.instances("product")
    url = f"{running_shop.url('consul')}/v1/health/service/product?passing"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        known = {entry["Service"]["ID"] for entry in await response.json()}
    assert known == {status["id"] for status in statuses}


def test_a_second_up_finds_all_there_and_starts_nothing(running_shop):
    before = pids(running_shop)
    up = running_shop.run("up", "--free-ports")
    assert up.returncode == 0
    assert "up already" in up.stdout
    assert "Starting" not in up.stdout
    assert pids(running_shop) == before


def test_a_second_up_needs_neither_pip_nor_apt(running_shop):
    up = running_shop.run("up", "--free-ports", PIP_NO_INDEX="1", PATH="/nonexistent")
    assert up.returncode == 0, up.stderr
    assert "fetching" not in up.stdout


def test_more_instances_can_be_added(running_shop):
    up = running_shop.run("up", "--free-ports", "--instances", "3")
    assert up.returncode == 0, up.stderr
    assert len(running_shop.instances("customer")) == 3


@pytest.mark.parametrize("victim", ["product", "consul", "redis", "mongo"])
def test_what_was_killed_is_shown_as_down_and_up_brings_only_that_back(running_shop, victim):
    running_shop.run("up", "--free-ports")
    before = pids(running_shop)
    status = running_shop.instances(victim)[0]
    kill(status["pid"])
    shown = running_shop.run("status", "--json")
    assert shown.returncode == 1
    assert {"id": status["id"], "health": "down"}.items() <= next(
        s for s in json.loads(shown.stdout) if s["id"] == status["id"]
    ).items()

    up = running_shop.run("up", "--free-ports")

    assert up.returncode == 0, up.stderr
    after = pids(running_shop)
    assert len(after) == len(before)
    assert set(before.items()) - set(after.items()) == {(status["id"], status["pid"])}
    if victim != "product":
        assert status["id"] in after
        assert running_shop.url(victim) == status["url"]


def test_the_logs_of_a_service_are_shown(running_shop):
    shown = running_shop.run("logs", "customer-1")
    assert shown.returncode == 0
    assert "listening url=http://127.0.0.1:" in shown.stdout


def test_logs_can_be_followed_until_interrupted(running_shop):
    following = running_shop.spawn("logs", "customer-1", "-f")
    assert following.stdout
    assert "listening" in following.stdout.readline()
    following.send_signal(signal.SIGINT)
    following.communicate()
    assert following.returncode == 0


def test_status_without_json_is_a_table_for_people(running_shop):
    shown = running_shop.run("status").stdout
    assert shown.splitlines()[0].split() == ["SERVICE", "INSTANCE", "HEALTH", "PID", "API", "DOCS"]
    assert f"{running_shop.url('consul')}/ui" in shown


def test_peers_says_why_it_has_nothing_to_show(running_shop):
    shown = running_shop.run("peers")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "SHOP_DEBUG_PEERS" in shown.stderr  # the stand-ins do not have the page
