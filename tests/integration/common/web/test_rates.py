"""Rates over HTTP and over Redis: what callers see, and what two instances let in together."""

import asyncio
import signal
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from shop.common.config import RedisConfig
from shop.common.rate import Limiter, Rate, opened
from shop.common.web import rates_shared
from shop.common.web.rates import RATES
from shop.local.ports import free_port

THINGS = "/api/v1/things"
RATE = Rate(per_s=0.001, burst=40)  # so slow that no time which a test takes matters
FAST = Rate(per_s=100, burst=100)
PATIENCE_S = 60
AWAY, BACK = "rate limits are not shared: Redis is away", "rate limits are shared again"


async def let_in(limiter: Limiter, tries: int) -> int:
    """Count what is let in, each after the ledger has answered for the one before."""
    count = 0
    for _ in range(tries):
        count += not limiter.spend("a")
        async with asyncio.timeout(PATIENCE_S):
            while limiter.ledger is not None and limiter.ledger.pending:
                await asyncio.sleep(0.001)
    return count


async def test_two_instances_let_in_one_burst_and_a_chunk_each(redis_url, redis_namespace):
    one, other, alone = Limiter(RATE), Limiter(RATE), Limiter(RATE)
    config = RedisConfig(redis_url, timeout_s=10.0)
    async with (
        opened([("reads", one)], config, redis_namespace),
        opened([("reads", other)], config, redis_namespace),
        opened([("writes", alone)], config, redis_namespace),
    ):
        total = await let_in(one, 30) + await let_in(other, 100) + await let_in(one, 100)
        assert RATE.burst <= total <= RATE.burst + 2 * RATE.chunk
        assert await let_in(alone, 100) == RATE.burst  # another limit is another account


async def test_what_was_let_in_before_a_restart_is_known(redis_url, redis_namespace):
    config = RedisConfig(redis_url, timeout_s=10.0)
    for expected in (RATE.burst, RATE.chunk):  # a chunk, until it hears of the rest
        limiter = Limiter(RATE)
        async with opened([("reads", limiter)], config, redis_namespace):
            assert await let_in(limiter, 100) == expected


async def test_without_redis_each_counts_alone_and_it_is_told_once():
    config = RedisConfig(f"redis://127.0.0.1:{free_port()}", timeout_s=0.1)
    limiter = Limiter(RATE)
    with capture_logs() as logs:
        async with opened([("reads", limiter)], config, "nowhere"):
            assert await let_in(limiter, 100) == RATE.burst
    told = [line["event"] for line in logs if line["log_level"] == "warning"]
    assert told == [AWAY]


async def ask_at_the_rate(limiter: Limiter, until: Callable[[], bool]) -> None:
    """Be let in as often as the rate has it, each time, until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not until():
            assert limiter.spend("a") == 0.0
            await asyncio.sleep(FAST.interval_s)


async def test_who_keeps_to_the_rate_does_not_notice_that_redis_hangs_dies_and_comes_back(
    start_redis, redis_namespace
):
    redis, limiter = await start_redis(), Limiter(FAST)
    config = RedisConfig(redis.url, timeout_s=1.0)
    with capture_logs() as logs:

        def heard(event: str) -> Callable[[], bool]:
            """Once more than now."""
            before = [line["event"] for line in logs].count(event)
            return lambda: [line["event"] for line in logs].count(event) > before

        async with opened([("reads", limiter)], config, redis_namespace):
            steps = iter(range(2 * FAST.burst))
            await ask_at_the_rate(limiter, lambda: next(steps, None) is None)
            redis.signal(signal.SIGSTOP)
            await ask_at_the_rate(limiter, heard(AWAY))
            back = heard(BACK)
            redis.signal(signal.SIGCONT)
            await ask_at_the_rate(limiter, back)
            hung_s = limiter.ledger.away_s
            assert hung_s > 0.0
            away = heard(AWAY)
            await redis.kill()
            await ask_at_the_rate(limiter, away)
            await asyncio.gather(redis.start(), ask_at_the_rate(limiter, heard(BACK)))
            there_s = limiter.ledger.away_s
            assert there_s > hung_s
            assert limiter.ledger.away_s == there_s, "it is back, and no more is counted"


async def test_without_an_address_of_redis_each_counts_alone():
    limiter = Limiter(RATE)
    async with opened([("reads", limiter)], RedisConfig(url=""), "nowhere"):
        assert limiter.ledger is None
        assert await let_in(limiter, 100) == RATE.burst


# --- Over HTTP -----------------------------------------------------------------------------------


async def ask(tiny, method="GET", path=f"{THINGS}/th_1", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with tiny.session.request(method, path, headers=named) as response:
        content = await response.json() if response.status >= 400 else None
        return response.status, response.headers, content


async def test_who_asks_too_often_is_told_when_to_come_back(serve):
    tiny = await serve(rate_reads=0.01, rate_burst_s=300)
    statuses = [(await ask(tiny))[0] for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    status, headers, problem = await ask(tiny)
    assert (status, problem["status"], problem["code"]) == (429, 429, "rate-limited")
    assert headers["Content-Type"].startswith("application/problem+json")
    assert 0 < int(headers["Retry-After"]) <= 100
    async with tiny.session.get("/metrics") as response:
        assert 'shop_http_rate_limited_total{limit="reads"} 2.0' in await response.text()


async def test_no_request_waits_for_a_redis_that_hangs(serve, start_redis, redis_namespace):
    redis = await start_redis()
    tiny = await serve(rate_reads=0.01, rate_burst_s=800)  # of 8, so that each is told to Redis
    limiter = tiny.app[RATES].limiters["reads"]
    patient = RedisConfig(redis.url, timeout_s=PATIENCE_S)
    async with rates_shared(tiny.app, patient, redis_namespace):
        redis.signal(signal.SIGSTOP)
        try:
            assert [(await ask(tiny))[0] for _ in range(5)] == 5 * [200]
            assert limiter.ledger.pending == 5
        finally:
            redis.signal(signal.SIGCONT)
        async with asyncio.timeout(PATIENCE_S):
            while limiter.ledger.pending:
                await asyncio.sleep(0.001)


async def test_how_rates_hold_is_told(serve):
    tiny = await serve(rate_reads=0.01, rate_burst_s=100, rate_writes=5)
    await ask(tiny)
    async with tiny.session.get("/metrics") as response:
        told = await response.text()
    assert 'shop_http_rate_callers_over{limit="reads"} 1.0' in told
    assert 'shop_http_rate_callers_over{limit="writes"} 0.0' in told
    assert 'shop_http_rate_alone_seconds_total{limit="reads"} 0.0' in told


async def test_reads_and_writes_are_counted_apart_and_health_not_at_all(serve):
    tiny = await serve(rate_writes=0.01, rate_burst_s=100)
    assert [(await ask(tiny, "DELETE"))[0] for _ in range(2)] == [204, 429]
    assert [(await ask(tiny))[0] for _ in range(5)] == 5 * [200]
    assert [(await ask(tiny, path="/health/live"))[0] for _ in range(5)] == 5 * [200]


async def test_a_caller_behind_the_edge_is_not_punished_for_another(serve):
    tiny = await serve(rate_reads=0.01, rate_burst_s=100, trusted_hops=1)
    for address in ("203.0.113.1", "203.0.113.2", "2001:db8::1"):
        assert (await ask(tiny, X_Forwarded_For=address))[0] == 200
        assert (await ask(tiny, X_Forwarded_For=f"192.0.2.77, {address}"))[0] == 429
    assert (await ask(tiny, X_Forwarded_For="2001:db8::2"))[0] == 429  # of the same household
    assert [(await ask(tiny))[0] for _ in range(3)] == 3 * [200]  # from inside, past the edge


async def test_without_an_edge_nobody_can_pretend_to_be_another(serve):
    tiny = await serve(rate_reads=0.01, rate_burst_s=100)
    assert (await ask(tiny, X_Forwarded_For="203.0.113.1"))[0] == 200
    assert (await ask(tiny, X_Forwarded_For="203.0.113.2"))[0] == 429


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_by_default_there_is_no_limit(tiny, method):
    assert {(await ask(tiny, method))[0] for _ in range(300)} <= {200, 204}
