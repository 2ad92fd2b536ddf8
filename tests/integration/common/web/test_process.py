"""``python -m shop.customer`` as a process: exit codes, waiting, and the order of its life."""

import asyncio
import signal
import socket
from urllib.parse import urlsplit

import pytest
from tests.integration.common.web.process import PATIENT, InFlight

from shop.common.config import ServiceConfig
from shop.common.settings import settings

NOWHERE = "mongodb://127.0.0.1:9"

OPEN = "SHOP_AUTH=off: whoever can call may do everything"


# --- The command line ----------------------------------------------------------------------------


async def test_help_lists_every_variable(start):
    service = await start("--help", SHOP_MONGO_URI="mongodb://ada:hunter2@mongo/")
    out = await service.process.stdout.read()
    assert await service.ends() == 0
    for about, _default in settings(ServiceConfig, {}):
        assert about["variable"] in out.decode()
    assert "(default: 8001)" in out.decode()
    assert "hunter2" not in out.decode()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SHOP_HTTP_PORT", "eighty"),
        ("SHOP_LOG_LEVEL", "loud"),
        ("SHOP_REQUEST_LOG", "some"),
        ("SHOP_METRICS", "2"),
        ("SHOP_MONGO_URI", "nonsense://ada:hunter2@mongo"),
        ("SHOP_MONGO_URI", "mongodb://ada:hunter2@mongo:port/"),
        ("SHOP_REDIS_URL", "nonsense://ada:hunter2@redis"),
        ("SHOP_CONSUL_HTTP_ADDR", "127.0.0.1:8500"),
    ],
)
async def test_a_bad_variable_is_one_line_that_names_it(start, variable, value):
    service = await start(**{"SHOP_HTTP_PORT": "0", variable: value})
    assert await service.ends() == 2
    (line,) = service.lines
    assert line.startswith(f"shop.customer: {variable}: ")
    assert "hunter2" not in line


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0"])
async def test_an_address_that_nobody_can_call_is_not_told_to_others(start, host):
    if ":" in host and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    consul = {"SHOP_CONSUL_HTTP_ADDR": "http://127.0.0.1:9"}
    service = await start("--host", host, "--port", "0", SHOP_MONGO_URI=NOWHERE, **consul)
    assert await service.ends() == 2
    (line,) = service.lines
    assert line.startswith("shop.customer: SHOP_ADVERTISE_ADDRESS: ")


@pytest.mark.parametrize(
    ("flags", "consul"), [([], ""), (["--advertise", "127.0.0.1"], "http://127.0.0.1:9")]
)
async def test_it_listens_everywhere_where_it_need_not_say_so(
    start, mongo_variables, flags, consul
):
    variables = {**mongo_variables, "SHOP_CONSUL_HTTP_ADDR": consul}
    service = await start("--host", "0.0.0.0", "--port", "0", *flags, **variables)
    assert (await service.listens()).startswith("http://0.0.0.0:")


async def test_a_wrong_password_is_one_line_and_not_tried_for_ever(start, mongo_uri):
    uri = mongo_uri.replace("mongodb://", "mongodb://ada:hunter2@")
    service = await start("--port", "0", SHOP_MONGO_URI=uri)
    assert await service.ends() == 1
    (line,) = service.lines
    assert line.startswith("shop.customer: SHOP_MONGO_URI: ")
    assert "Authentication failed" in line
    assert "hunter2" not in line


async def test_a_bad_flag_names_its_variable(start):
    service = await start("--port", "eighty")
    assert await service.ends() == 2
    assert service.lines[0].startswith("shop.customer: SHOP_HTTP_PORT: ")


async def test_an_unknown_flag_is_wrong_usage(start):
    service = await start("--nonsense")
    assert await service.ends() == 2
    assert "usage:" in service.lines[0]


# --- The port ------------------------------------------------------------------------------------


async def test_a_busy_port_is_one_line(start, mongo_variables):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = await start("--port", str(port), **mongo_variables)
        assert await service.ends() == 1
    (line,) = service.lines
    assert line.startswith(f"shop.customer: cannot listen on 127.0.0.1:{port}: ")
    assert "--port" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "x" * 70])
async def test_an_address_that_is_not_this_machines_is_one_line(start, mongo_variables, host):
    service = await start("--host", host, "--port", "0", **mongo_variables)
    assert await service.ends() == 1
    (line,) = service.lines
    assert line.startswith(f"shop.customer: cannot listen on {host}:0: ")


async def test_of_two_that_wait_for_mongo_on_one_port_one_listens(start, start_mongo):
    mongo = await start_mongo()
    await mongo.kill()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    both = [await start("--port", str(port), SHOP_MONGO_URI=mongo.url) for _ in range(2)]
    for service in both:
        waiting = asyncio.ensure_future(service.says("waiting for MongoDB"))
        ending = asyncio.ensure_future(service.process.wait())
        await asyncio.wait((waiting, ending), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        ending.cancel()
    await mongo.start()
    ends = [asyncio.create_task(service.ends()) for service in both]
    (ended,), _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    assert await ended == 1
    loser, winner = both if ended is ends[0] else reversed(both)
    assert loser.lines[-1].startswith(f"shop.customer: cannot listen on 127.0.0.1:{port}: ")
    assert not any("Traceback" in line for line in loser.lines)
    await winner.listens()
    winner.stop()
    await asyncio.gather(*ends)


async def test_port_0_is_a_free_one_and_it_is_told_which(start, mongo_variables, session):
    service = await start("--port", "0", **mongo_variables)
    url = await service.listens()
    assert urlsplit(url).port
    async with session.get(f"{url}/health/ready") as response:
        assert response.status == 200
    service.stop()
    assert await service.ends() == 0
    assert service.events[-1] == "stopped"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_an_ipv6_address_has_its_brackets(start, mongo_variables, session):
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
    service = await start("--host", "::1", "--port", "0", **mongo_variables)
    url = await service.listens()
    assert url.startswith("http://[::1]:")
    async with session.get(f"{url}/health/live") as response:
        assert response.status == 200


# --- Waiting -------------------------------------------------------------------------------------


async def test_it_waits_for_mongo_and_says_so_once(start, start_mongo, session):
    mongo = await start_mongo()
    await mongo.kill()
    service = await start("--port", "0", SHOP_MONGO_URI=mongo.url)
    assert (await service.says("waiting for MongoDB"))["nodes"] == f"127.0.0.1:{mongo.port}"
    await mongo.start()
    url = await service.listens()
    async with session.get(f"{url}/api/v1/customers") as response:
        assert response.status == 200
    assert service.events.count("waiting for MongoDB") == 1
    assert service.events[:3] == ["waiting for MongoDB", OPEN, "listening"]


async def test_it_serves_while_it_waits_for_consul_and_registers_when_it_comes(
    start, start_consul, mongo_variables, session
):
    consul = await start_consul()
    await consul.kill()
    variables = {**mongo_variables, "SHOP_CONSUL_HTTP_ADDR": consul.url}
    service = await start("--port", "0", **variables)
    url = await service.listens()
    await service.says("waiting for consul")
    async with session.get(f"{url}/health/ready") as response:
        assert response.status == 200
    await consul.start()
    await service.says("registered")
    assert service.events.count("waiting for consul") == 1


async def test_it_can_be_stopped_while_it_waits_for_mongo(start):
    service = await start("--port", "0", SHOP_MONGO_URI=NOWHERE)
    await service.says("waiting for MongoDB")
    service.stop()
    assert await service.ends() == 0
    assert not any("Traceback" in line for line in service.lines)


async def test_it_can_be_stopped_while_it_waits_for_consul(start, mongo_variables):
    variables = {**mongo_variables, "SHOP_CONSUL_HTTP_ADDR": "http://127.0.0.1:9"}
    service = await start("--port", "0", **variables)
    await service.says("waiting for consul")
    service.stop()
    assert await service.ends() == 0
    assert not any("Traceback" in line for line in service.lines)


async def test_it_can_be_interrupted(start, mongo_variables):
    service = await start("--port", "0", **mongo_variables)
    await service.listens()
    service.process.send_signal(signal.SIGINT)
    assert await service.ends() == 0
    assert service.events[-1] == "stopped"


# --- The order of life ---------------------------------------------------------------------------


async def registered(session, consul_url: str, port: int) -> list[dict[str, object]]:
    async with session.get(f"{consul_url}/v1/agent/services") as response:
        services = await response.json()
    return [each for each in services.values() if each["Port"] == port]


async def test_listen_register_serve_deregister_drain_close(
    start, hanging_mongo, consul_server, session
):
    addresses = {"SHOP_MONGO_URI": hanging_mongo.url, "SHOP_CONSUL_HTTP_ADDR": consul_server.url}
    service = await start("--port", "0", **PATIENT, **addresses)
    await service.says("registered")
    url = await service.listens()
    port = urlsplit(url).port
    (instance,) = await registered(session, consul_server.url, port)
    assert instance["Service"] == "customer"
    assert instance["ID"] == f"customer-127.0.0.1-{port}"
    async with session.get(f"{url}/health/live") as response:
        assert response.status == 200

    hanging_mongo.signal(signal.SIGSTOP)
    request = InFlight()
    await request.begin(url)
    service.stop()
    await service.says("deregistered")
    assert await registered(session, consul_server.url, port) == []
    assert service.process.returncode is None, "a request is still in flight"
    hanging_mongo.signal(signal.SIGCONT)
    assert (await request.answer()).startswith(b"HTTP/1.1 201 ")
    assert await service.ends() == 0
    life = [event for event in service.events if event != "request"]
    assert life == [OPEN, "listening", "registered", "deregistered", "stopped"]
    served = [line for line in service.logged if line.get("operation") == "create_customer"]
    assert [line["status"] for line in served] == [201]
    assert service.logged.index(served[0]) > service.events.index("deregistered")


async def test_a_second_signal_ends_it_at_once(start, hanging_mongo, consul_server):
    addresses = {"SHOP_MONGO_URI": hanging_mongo.url, "SHOP_CONSUL_HTTP_ADDR": consul_server.url}
    service = await start("--port", "0", **PATIENT, **addresses)
    await service.says("registered")
    hanging_mongo.signal(signal.SIGSTOP)
    request = InFlight()
    await request.begin(await service.listens())
    service.stop()
    await service.says("deregistered")
    service.stop()
    assert await service.ends() == 1
    assert "stopped" not in service.events
    request.drop()


async def test_the_wait_for_requests_in_flight_is_bounded(start, hanging_mongo):
    variables = {**PATIENT, "SHOP_MONGO_URI": hanging_mongo.url, "SHOP_DRAIN_TIMEOUT_S": "0.2"}
    service = await start("--port", "0", **variables)
    url = await service.listens()
    hanging_mongo.signal(signal.SIGSTOP)
    request = InFlight()
    await request.begin(url)
    service.stop()
    assert await service.ends() == 0
    assert not any("Traceback" in line for line in service.lines)
    request.drop()


async def test_without_tokens_it_does_not_listen_where_others_can_call(start):
    service = await start(SHOP_HTTP_HOST="0.0.0.0", SHOP_AUTH_OFF_ANYWHERE="false")
    assert await service.ends() == 2
    (line,) = service.lines
    assert line.startswith("shop.customer: SHOP_AUTH: off lets everyone do everything")


async def test_it_does_not_start_before_it_knows_whose_tokens_to_take(start):
    service = await start(SHOP_AUTH="on")
    assert await service.ends() == 2
    (line,) = service.lines
    assert line.startswith("shop.customer: SHOP_AUTH_ISSUERS: say whose tokens are taken")
