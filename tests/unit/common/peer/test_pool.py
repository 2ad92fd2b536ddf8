from random import Random

import pytest
from structlog.testing import capture_logs

from shop.common.peer import (
    BreakerOptions,
    Instance,
    LoadOptions,
    Outcome,
    PeerListener,
    State,
)
from shop.common.peer.pool import Pool

A, B, C = (Instance("product", name, f"http://{name}:1") for name in "abc")
NOW_S = 1000.0
OPTIONS = LoadOptions(initial_s=0.05, warm_up_s=5.0)


class Heard(PeerListener):
    def __init__(self) -> None:
        self.forgot: list[str] = []
        self.changes: list[tuple[str, str, State, State, str]] = []

    def forgotten(self, service, instance):
        self.forgot.append(f"{service}/{instance.id}")

    def breaker_changed(self, service, instance, before, after, reason):
        self.changes.append((service, instance.id, before, after, reason))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def pool(heard) -> Pool:
    return Pool("product", BreakerOptions(minimum_calls=1), OPTIONS, heard, Random(1))


def fail(pool: Pool, number: int, at_s: float = NOW_S) -> None:
    endpoint = pool.endpoints[number]
    endpoint.end(endpoint.begin(at_s), Outcome.FAILURE, at_s)


def test_instances_keep_what_was_learned_of_them_when_the_list_changes(pool):
    before = pool.follow((A, B), NOW_S)
    fail(pool, 0)
    after = pool.follow((C, B, A), NOW_S)
    assert [each.instance for each in after] == [C, B, A]
    assert (after[1], after[2]) == (before[1], before[0])
    assert after[2].breaker.state is State.OPEN


def test_one_that_comes_back_soon_is_still_known(pool, heard):
    (_, b) = pool.follow((A, B), NOW_S)
    pool.follow((A,), NOW_S)
    assert pool.follow((A, B), NOW_S + 59.0)[1] is b
    pool.follow((A,), NOW_S + 61.0)  # gone anew: its time begins anew, too
    assert pool.follow((A, B), NOW_S + 120.0)[1] is b
    assert heard.forgot == []


def test_one_that_is_gone_for_long_is_forgotten_though_nothing_else_changes(pool, heard):
    pool.follow((A, B), NOW_S)
    left = (A,)
    pool.follow(left, NOW_S)
    pool.follow(left, NOW_S + 59.9)
    assert heard.forgot == []
    pool.follow(left, NOW_S + 60.0)
    pool.follow(left, NOW_S + 120.0)
    assert heard.forgot == ["product/b"]


def test_one_that_was_forgotten_is_met_as_a_new_one(pool):
    (_, b) = pool.follow((A, B), NOW_S)
    pool.follow((A,), NOW_S)
    pool.follow((), NOW_S + 60.0)
    again = pool.follow((A, B), NOW_S + 60.0)[1]
    assert again is not b
    assert again.warmth(NOW_S + 60.0) == pytest.approx(0.1)


def test_a_call_that_is_still_on_its_way_ends_though_its_instance_is_forgotten(pool):
    (a,) = pool.follow((A,), NOW_S)
    ticket = a.begin(NOW_S)
    pool.follow((B,), NOW_S)
    pool.follow((C,), NOW_S + 60.0)
    a.end(ticket, Outcome.SUCCESS, NOW_S + 61.0)
    assert a.outstanding == 0


def test_the_first_instances_are_warm_and_those_that_come_later_are_not(pool):
    first = pool.follow((A, B), NOW_S)
    assert [each.warmth(NOW_S) for each in first] == [1.0, 1.0]
    late = pool.follow((A, B, C), NOW_S)[2]
    warmth = [late.warmth(NOW_S + s) for s in (0.0, 0.5, 2.5, 4.5, 5.0, 9.0)]
    assert warmth == pytest.approx([0.1, 0.1, 0.5, 0.9, 1.0, 1.0])


def test_of_a_new_one_is_expected_what_is_usual_among_the_others(pool):
    for endpoint, took_s in zip(pool.follow((A, B), NOW_S), (0.2, 0.4), strict=True):
        endpoint.end(endpoint.begin(NOW_S - took_s), Outcome.SUCCESS, NOW_S)
    late = pool.follow((A, B, C), NOW_S)[2]
    assert late.estimate_s(NOW_S) == pytest.approx(0.3)


def test_a_breakers_change_is_told_with_service_and_instance(pool, heard):
    pool.follow((A, B), NOW_S)
    assert not pool.suspects
    assert pool.closed is pool.endpoints
    fail(pool, 1)
    assert heard.changes == [("product", "b", State.CLOSED, State.OPEN, "1 of 1 calls failed")]
    assert [each.instance for each in pool.suspects] == [B]
    assert [each.instance for each in pool.closed] == [A]


def test_all_are_closed_again_when_the_one_that_was_not_is_gone(pool):
    pool.follow((A, B), NOW_S)
    fail(pool, 1)
    pool.follow((A,), NOW_S)
    assert not pool.suspects
    assert pool.closed is pool.endpoints
    pool.follow((A, B), NOW_S)
    assert pool.suspects


def test_each_breaker_change_is_one_line_in_the_log(pool):
    pool.follow((A, B), NOW_S)
    with capture_logs() as lines:
        fail(pool, 1)
    assert lines == [
        {
            "event": "breaker open",
            "log_level": "warning",
            "peer": "product",
            "instance": "b",
            "was": "closed",
            "reason": "1 of 1 calls failed",
        }
    ]
