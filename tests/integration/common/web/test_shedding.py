"""Too many requests at once, for the tiny service and for a real one."""

import asyncio
import signal
from collections import Counter

import pytest
from structlog.testing import capture_logs
from tests.integration.common.web.process import PATIENT
from tests.integration.common.web.test_web import THINGS, problem

WAIT = "/api/v1/odd/wait"


@pytest.fixture
async def full(serve):
    """A service that is given two requests and takes no more."""
    tiny = await serve(max_in_flight=2)
    waiting = [asyncio.create_task(tiny.session.get(WAIT)) for _ in range(2)]
    while await _in_flight(tiny.session) < 2:
        await asyncio.sleep(0.01)
    yield tiny
    tiny.state.go.set()
    for task in waiting:
        (await task).close()


async def _in_flight(session, url="") -> float:
    async with session.get(f"{url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return float(next(line for line in lines if line.startswith("shop_http_in_flight ")).split()[1])


async def test_a_request_too_many_is_refused_and_told_when_to_come_back(full):
    async with full.session.get(THINGS) as response:
        await problem(response, 503, "overloaded")
        assert int(response.headers["Retry-After"]) >= 1


async def test_health_metrics_and_docs_are_never_refused(full):
    for path in ("/health/live", "/health/ready", "/metrics", "/docs", "/swagger.json"):
        async with full.session.get(path) as response:
            assert response.status == 200, path


async def test_a_body_that_is_refused_is_not_waited_for(full):
    reader, writer = await asyncio.open_connection("127.0.0.1", full.port)
    head = f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 1000\r\n\r\n".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503 ")
    writer.close()


async def test_as_soon_as_one_is_answered_the_next_is_let_in(full):
    full.state.go.set()
    while await _in_flight(full.session):
        await asyncio.sleep(0.01)
    async with full.session.get(THINGS) as response:
        assert response.status == 200


async def test_a_refusal_is_counted_and_is_no_line_of_the_request_log(full):
    with capture_logs() as logs:
        for _ in range(3):
            async with full.session.get(THINGS) as response:
                assert response.status == 503
    assert [line["event"] for line in logs] == ["overloaded"]
    async with full.session.get("/metrics") as response:
        assert 'shop_http_shed_total{reason="full"} 3.0' in await response.text()


GIVEN_MS, GRACE_MS = 60, 250


async def test_under_a_real_overload_it_answers_in_time_or_at_once_refuses(
    start, mongo_variables, session
):
    service = await start("--port", "0", SHOP_HTTP_MAX_IN_FLIGHT="64", **mongo_variables)
    url = await service.listens()
    answers: Counter[int] = Counter()
    refusals: Counter[str] = Counter()
    over = asyncio.Event()

    async def keep_asking():
        headers = {"Request-Timeout-Ms": str(GIVEN_MS)}
        while not over.is_set():
            async with session.get(f"{url}/api/v1/customers", headers=headers) as response:
                answers[response.status] += 1
                if response.status == 503:
                    assert int(response.headers["Retry-After"]) >= 1
                    refusals[(await response.json())["code"]] += 1

    async def check_health():
        while not over.is_set():
            async with session.get(f"{url}/health/live") as response:
                assert response.status == 200
            async with session.get(f"{url}/health/ready") as response:
                told = await response.json()  # where the machine starves, Mongo may be too slow
                assert response.status == 200 or told["code"] == "unavailable"

    asking = [asyncio.create_task(keep_asking()) for _ in range(100)]
    health = asyncio.create_task(check_health())
    while answers[200] < 200 or refusals["overloaded"] < 200:
        await asyncio.sleep(0.05)
    over.set()
    await asyncio.gather(*asking, health)
    # Where the machine starves Mongo may be too slow: in the time of a request, or altogether.
    assert set(answers) <= {200, 503, 504}
    assert set(refusals) <= {"overloaded", "unavailable"}
    for _ in range(20):
        async with session.get(f"{url}/api/v1/customers") as response:
            assert response.status == 200, "all is accepted again"
    async with session.get(f"{url}/metrics") as response:
        shown = await response.text()
    service.stop()
    assert await service.ends() == 0
    refused = sum(
        float(line.split()[1]) for line in shown.splitlines() if "shop_http_shed_total{" in line
    )
    assert refused == refusals["overloaded"]
    served = [line for line in service.logged if line["event"] == "request"]
    answered = answers[200] + answers[504] + refusals["unavailable"]
    assert len(served) == answered + 20, "a refusal is no line of log"
    late = [line for line in served if line["status"] == 200 and line["ms"] > GIVEN_MS + GRACE_MS]
    assert len(late) <= answers[200] / 10, "only where the machine holds the whole process up"
    assert 1 <= service.events.count("overloaded") <= 3


async def test_a_refused_request_has_not_happened_its_key_is_free(start, hanging_mongo, session):
    variables = {"SHOP_MONGO_URI": hanging_mongo.url, "SHOP_HTTP_MAX_IN_FLIGHT": "1"}
    service = await start("--port", "0", **PATIENT, **variables)
    base = await service.listens()
    url = f"{base}/api/v1/customers"
    hanging_mongo.signal(signal.SIGSTOP)
    blocking = asyncio.create_task(session.get(url))
    while await _in_flight(session, base) < 1:
        await asyncio.sleep(0.01)
    customer = {"email": "ada@example.com", "firstName": "Ada", "lastName": "L"}
    headers = {"Idempotency-Key": "one"}
    async with session.post(url, json=customer, headers=headers) as response:
        await problem(response, 503, "overloaded")
    hanging_mongo.signal(signal.SIGCONT)
    (await blocking).close()
    async with session.post(url, json=customer, headers=headers) as response:
        assert response.status == 201
        assert "Idempotency-Replayed" not in response.headers
