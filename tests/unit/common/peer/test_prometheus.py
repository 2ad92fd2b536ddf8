"""What Prometheus is told: by a real client on a session that answers as the test says."""

from contextlib import suppress
from random import Random
from types import SimpleNamespace

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from shop.common.peer import (
    BreakerOptions,
    FixedResolver,
    Instance,
    PeerClient,
    PeerMetrics,
    PeerOptions,
    PeerUnavailable,
    RoundRobin,
    State,
    WatchView,
)

A, B = Instance("product", "a:1", "http://a:1"), Instance("product", "b:1", "http://b:1")


class Session:
    """Answers with the status that stands for the instance; -1: breaks off."""

    def __init__(self, **statuses: int) -> None:
        self.statuses = statuses

    async def request(self, _method, url, **_):
        status = self.statuses[str(url).removeprefix("http://")[0]]
        if status == -1:
            raise aiohttp.ServerDisconnectedError
        return SimpleNamespace(status=status, headers={}, read=self._read)

    async def _read(self) -> bytes:
        return b""


class Watched(FixedResolver):
    """Instances that the test exchanges, and a watch that is as it says."""

    def __init__(self, *instances: Instance) -> None:
        super().__init__(instances)
        self.view = WatchView(len(instances), 0.0, True)

    def become(self, *instances: Instance) -> None:
        self._known = {"product": instances}

    def views(self):
        return {"product": self.view}


class Scrape:
    """What a scrape shows, read back from the text that Prometheus gets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.families = list(text_string_to_metric_families(generate_latest(registry).decode()))

    def __call__(self, name: str, **labels: str) -> float | None:
        found = [s.value for s in self.series(name) if labels.items() <= s.labels.items()]
        assert len(found) < 2
        return found[0] if found else None

    def series(self, name: str):
        return [s for f in self.families for s in f.samples if s.name == f"shop_peer_{name}"]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry) -> PeerMetrics:
    return PeerMetrics(registry)


@pytest.fixture
def make(metrics, clock):
    def make(session: Session, resolver: FixedResolver, **options) -> PeerClient:
        client = PeerClient(
            "product",
            resolver,
            session,
            options=PeerOptions(**options),
            balancer=RoundRobin(Random(1)),
            listener=metrics,
            rng=Random(1),
            sleep=clock.sleep,
            clock=clock,
        )
        metrics.show(client, resolver)
        return client

    return make


async def test_requests_are_counted_by_peer_instance_and_outcome(make, registry):
    client = make(Session(a=200, b=-1), Watched(A, B))
    for _ in range(2):
        await client.call("GET", "/")
    seen = Scrape(registry)
    assert seen("attempts_total", peer="product", peer_instance="a:1", outcome="answered") == 2
    assert seen("attempts_total", peer="product", peer_instance="b:1", outcome="broken-off") == 1
    assert seen("retries_total", peer="product") == 1


def test_times_are_of_the_whole_peer_in_buckets_that_add_up(metrics, registry):
    for instance, took_s in ((A, 0.001), (A, 0.004), (B, 0.004), (B, 60.0)):
        metrics.attempted("product", instance, "answered", took_s)
    seen = Scrape(registry)
    buckets = {s.labels["le"]: s.value for s in seen.series("attempt_seconds_bucket")}
    assert (buckets["0.001"], buckets["0.0025"], buckets["0.005"]) == (1, 1, 3)
    assert (buckets["10.0"], buckets["+Inf"]) == (3, 4)
    assert seen("attempt_seconds_count", peer="product", outcome="answered") == 4
    assert seen("attempt_seconds_sum") == pytest.approx(60.009)
    assert "peer_instance" not in seen.series("attempt_seconds_sum")[0].labels


async def test_a_breaker_shows_its_state_and_its_changes(make, registry, clock):
    session = Session(a=-1)
    breaker = BreakerOptions(minimum_calls=1, open_first_s=1.0, probes=2)
    client = make(session, Watched(A), breaker=breaker)

    async def state_after_a_call() -> float | None:
        with suppress(PeerUnavailable):
            await client.call("POST", "/")
        return Scrape(registry)("breaker_state", peer="product", peer_instance="a:1")

    assert await state_after_a_call() == 2
    assert await state_after_a_call() == 2
    assert Scrape(registry)("rejected_total", peer="product", reason="breaker") == 1
    session.statuses["a"] = 200
    clock.now_s += 1.0
    assert await state_after_a_call() == 1
    assert await state_after_a_call() == 0
    changes = {
        s.labels["to"]: s.value for s in Scrape(registry).series("breaker_transitions_total")
    }
    assert changes == {"open": 1, "half-open": 1, "closed": 1}


async def test_what_a_client_knows_is_read_at_the_scrape(make, registry):
    client = make(Session(a=200), Watched(A))
    before = Scrape(registry)
    assert before("expected_latency_seconds") is None
    await client.call("GET", "/")
    seen, view = Scrape(registry), client.view()
    latency = seen("expected_latency_seconds", peer="product", peer_instance="a:1")
    assert latency == view.instances[0].latency_s
    assert seen("retries_left", peer="product") == view.retries_left == 10
    assert seen("in_flight", peer="product") == seen("waiting", peer="product") == 0


def test_the_watch_shows_its_age_and_whether_it_is_connected(make, registry):
    resolver = Watched(A)
    make(Session(), resolver)
    resolver.view = WatchView(instances=3, age_s=12.5, connected=False)
    seen = Scrape(registry)
    assert seen("instances", peer="product") == 3
    assert seen("watch_age_seconds", peer="product") == 12.5
    assert seen("watch_connected", peer="product") == 0


def test_what_can_be_counted_of_a_peer_is_there_before_it_happens(make, registry):
    make(Session(), Watched())
    seen = Scrape(registry)
    assert seen("retries_total", peer="product") == seen("hedges_total", peer="product") == 0
    reasons = {s.labels["reason"] for s in seen.series("rejected_total")}
    assert reasons == {"bulkhead", "breaker", "no-instance", "budget"}


def test_hedges_and_rejections_are_counted(metrics, registry):
    metrics.hedged("product")
    metrics.rejected("product", "budget")
    seen = Scrape(registry)
    assert seen("hedges_total", peer="product") == 1
    assert seen("rejected_total", peer="product", reason="budget") == 1


def test_nothing_is_left_of_an_instance_that_is_forgotten(metrics, registry):
    for instance in (A, B):
        metrics.attempted("product", instance, "answered", 0.1)
        metrics.breaker_changed("product", instance, State.CLOSED, State.OPEN, "why")
    metrics.forgotten("product", A)
    seen = Scrape(registry)
    for name in ("attempts_total", "breaker_transitions_total"):
        assert {s.labels["peer_instance"] for s in seen.series(name)} == {"b:1"}
    assert seen("attempt_seconds_count") == 2


async def test_an_instance_that_is_gone_for_long_leaves_with_all_its_series(make, registry, clock):
    resolver = Watched(A)
    client = make(Session(a=200, b=200), resolver)
    await client.call("GET", "/")
    for _ in range(2):
        resolver.become(B)
        await client.call("GET", "/")
        clock.now_s += 3600
    seen = Scrape(registry)
    assert {s.labels["peer_instance"] for s in seen.series("attempts_total")} == {"b:1"}
    assert {s.labels["peer_instance"] for s in seen.series("breaker_state")} == {"b:1"}


async def test_an_instance_registered_anew_keeps_what_was_counted_under_its_id(
    make, registry, clock
):
    resolver = Watched(A)
    client = make(Session(a=200), resolver)
    await client.call("GET", "/")
    anew = Instance(A.service, A.id, A.url, tags=("v2",))
    for _ in range(2):
        resolver.become(anew)
        await client.call("GET", "/")
        clock.now_s += 3600
    assert Scrape(registry)("attempts_total", peer_instance="a:1", outcome="answered") == 3


def test_one_registry_takes_only_one(metrics, registry):
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        PeerMetrics(registry)
