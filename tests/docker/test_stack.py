"""The compose stack: the tour through its edge, and who may do what in it."""

import json
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from tests.docker.waiting import eventually
from tests.e2e.test_readme import README, USUAL, Bash, run_tour, tour

SERVICES = ("customer", "product", "order")

# Printed: what MongoDB says to the service's own user, by database.
_READ_ALL = """
import json, pathlib, pymongo
uri = pathlib.Path("/run/secrets/{service}-mongo-uri").read_text().strip()
told = {{}}
with pymongo.MongoClient(uri, timeoutMS=5000) as client:
    for name in ("customer", "product", "order", "admin", "local"):
        try:
            client[name][name + "s"].find_one()  # where a user's rights name each collection, one
            told[name] = "lets it read"
        except pymongo.errors.OperationFailure as error:
            told[name] = error.details["codeName"]
print(json.dumps(told))
"""
_REGISTER = """
import json, pathlib, urllib.request
def register(name):
    token = pathlib.Path("/run/secrets/{service}-consul-token").read_text().strip()
    body = json.dumps({{"Name": name, "ID": "intruder"}}).encode()
    request = urllib.request.Request("http://consul:8500/v1/agent/service/register", body,
                                     {{"X-Consul-Token": token}}, method="PUT")
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
print(json.dumps({{name: register(name) for name in ("customer", "product", "order")
                  if name != "{service}"}}))
"""


def python(container, text):
    """Run a program in a container, and return what it printed, read as JSON."""
    code, printed = container.exec_run(["python", "-c", text], demux=True)
    assert code == 0, printed
    return json.loads(printed[0])


@pytest.fixture
def bash():
    shell = Bash()
    yield shell
    shell.close()


def test_the_tour_runs_through_the_edge(stack, bash):
    hosts = {usual: urlsplit(stack.edge).netloc for usual in USUAL}
    hosts |= {".venv/bin/python": sys.executable, ".shop/keys": stack.environment["SECRETS"]}
    hosts["localhost:8500"] = urlsplit(stack.consul).netloc
    run_tour(bash, tour(README.read_text()), hosts)


def test_each_service_runs_twice_and_consul_knows_it(stack):
    for service in SERVICES:
        assert len(stack.containers(service)) == 2
        eventually(lambda name=service: stack.passing(name) == 2, "Consul reports both")


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_user_reads_its_own_database_and_no_other(stack, service):
    told = python(stack.containers(service)[0], _READ_ALL.format(service=service))
    own = told.pop(service)
    assert own == "lets it read"
    assert set(told.values()) == {"Unauthorized"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_token_announces_no_other_service(stack, service):
    told = python(stack.containers(service)[0], _REGISTER.format(service=service))
    assert set(told.values()) == {403}


def test_without_a_password_redis_and_mongodb_let_nobody_in(stack):
    _, printed = stack.containers("redis")[0].exec_run(["redis-cli", "keys", "*"])
    assert b"NOAUTH" in printed
    nobody = (
        "import pymongo, json; c = pymongo.MongoClient('mongodb://mongo-1', timeoutMS=5000)\n"
        + (
            "try: c.customer.customers.find_one(); print('1')\n"
            "except pymongo.errors.OperationFailure as error: print(json.dumps(error.code))"
        )
    )
    assert python(stack.containers("order")[0], nobody) == 13


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v1/kv/a"), ("GET", "/v1/acl/tokens"), ("GET", "/v1/agent/self")]
)
def test_without_a_token_consul_only_says_who_is_where(stack, method, path):
    body = b"x" if method == "PUT" else None
    request = urllib.request.Request(stack.consul + path, body, method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    assert refused.value.code == 403
    refused.value.close()


@pytest.mark.parametrize("name", ["customers", "customerOrders/any", "orders", "reservations"])
def test_without_a_token_the_edge_shows_the_catalogue_alone(stack, name):
    with urllib.request.urlopen(f"{stack.edge}/api/v1/products", timeout=10) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{stack.edge}/api/v1/{name}", timeout=10)
    assert refused.value.code == 401
    refused.value.close()


def test_every_container_is_read_only_and_may_do_nothing_special(stack):
    containers = stack.containers()
    assert len(containers) == 12
    for container in containers:
        host = container.attrs["HostConfig"]
        assert host["ReadonlyRootfs"], container.name
        assert host["CapDrop"] == ["ALL"], container.name
        assert not host["CapAdd"], container.name
        assert not host["Privileged"], container.name
        assert "no-new-privileges:true" in host["SecurityOpt"], container.name
        assert host["Memory"], container.name
        assert host["NanoCpus"], container.name


def test_no_process_is_root_and_none_can_write_beside_its_data(stack):
    for container in stack.containers():
        code, printed = container.exec_run(["id", "-u"])
        assert (code, printed.strip() == b"0") == (0, False), container.name
        code, printed = container.exec_run(["sh", "-c", "echo x > /usr/local/bin/x"])
        assert code != 0, container.name
        assert b"Read-only file system" in printed, container.name


def test_only_the_edge_and_consul_are_published_and_only_to_this_machine(stack):
    published = {}
    for container in stack.containers():
        ports = container.attrs["HostConfig"]["PortBindings"] or {}
        for bindings in ports.values():
            for binding in bindings:
                service = container.labels["com.docker.compose.service"]
                published[service] = (binding["HostIp"], int(binding["HostPort"]))
    assert published == {
        "edge": ("127.0.0.1", urlsplit(stack.edge).port),
        "consul": ("127.0.0.1", urlsplit(stack.consul).port),
    }


def test_the_engine_is_told_no_secret(stack):
    secrets = stack.secrets()
    assert len(secrets) > 10
    for container in stack.containers():
        shown = json.dumps(container.attrs)
        assert [secret for secret in secrets if secret in shown] == []


def test_the_edge_uses_all_four_after_a_scaling(stack):
    stack.scale("order", 4)
    try:
        containers = stack.containers("order")
        assert len(containers) == 4
        eventually(lambda: _asked(stack) and all(map(_has_answered, containers)), "all answer")
    finally:
        stack.scale("order", 2)
    assert len(stack.containers("order")) == 2


def _asked(stack) -> bool:
    shown = {"Authorization": f"Bearer {stack.token()}"}
    request = urllib.request.Request(f"{stack.edge}/api/v1/orders?limit=1", headers=shown)
    for _ in range(20):
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    return True


def _has_answered(container) -> bool:
    look = (
        "import json, urllib.request as u; "
        "text = u.urlopen('http://127.0.0.1:8080/metrics', timeout=5).read().decode(); "
        'print(json.dumps(\'operation="list_orders",status="200"\' in text))'
    )
    return python(container, look)


def test_a_container_that_is_told_to_stop_ends_in_order(stack):
    container = stack.containers("customer")[0]
    began = int(time.time())
    container.stop(timeout=30)
    try:
        assert container.wait()["StatusCode"] == 0
        told = container.logs(since=began).decode()
        events = [json.loads(line)["event"] for line in told.splitlines() if line.startswith("{")]
        assert events.index("deregistered") < events.index("stopped")
    finally:
        container.start()
        eventually(lambda: stack.passing("customer") == 2, "both are back")
