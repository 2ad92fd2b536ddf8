"""The simulation itself: nothing is lost in it, and the same seed gives the same run."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from bench.simulate.server import Health
from bench.simulate.world import BALANCERS, NO_BREAKER, NO_BUDGET, Setting, World

from shop.common.peer import PeerOptions

SMALL = Setting(instances=4, clients=5, end_s=2.0)


def run(setting: Setting, at_1_s: Callable[[World], None] = lambda _: None) -> World:
    world = World(setting)
    world.agenda.at(1.0, lambda _: at_1_s(world))
    world.run()
    return world


def fail(health: Health, *numbers: int) -> Callable[[World], None]:
    def strike(world: World) -> None:
        for number in numbers:
            world.servers[number].marked = True
            world.servers[number].become(health, world.agenda.now_s)

    return strike


FAULTS = {
    "none": lambda _: None,
    "one refuses": fail(Health.REFUSES, 0),
    "one hangs": fail(Health.HANGS, 0),
    "all refuse": fail(Health.REFUSES, 0, 1, 2, 3),
    "all hang": fail(Health.HANGS, 0, 1, 2, 3),
}


@pytest.mark.parametrize("balancer", BALANCERS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_every_call_ends_once(fault, balancer):
    world = run(replace(SMALL, balancer=balancer), fault)
    total = world.tally.between(0, SMALL.end_s + 1)
    assert total.calls > 300
    assert len(total.took_s) + total.failed == total.calls
    assert total.requests == sum(world.tally.per_instance)


def test_every_call_is_answered_by_one_request_where_nothing_fails():
    total = run(SMALL).tally.between(0, 3)
    assert (total.failed, total.requests) == (0, total.calls)


def test_the_same_seed_gives_the_same_run_and_another_one_another():
    def told(seed: int) -> object:
        world = run(replace(SMALL, seed=seed), FAULTS["one hangs"])
        return world.tally.between(0, 3), world.tally.per_instance

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_no_call_takes_longer_than_its_time():
    world = run(replace(SMALL, options=PeerOptions(timeout_s=0.5)), FAULTS["one hangs"])
    assert max(world.tally.between(0, 3).took_s) <= 0.5
    assert world.agenda.now_s <= SMALL.end_s + 0.5


def test_a_full_outage_costs_three_requests_per_call_without_guards_and_fewer_than_one_with_them():
    guarded = replace(SMALL, end_s=3.0)
    bare = replace(guarded, options=PeerOptions(2.0, breaker=NO_BREAKER, budget=NO_BUDGET))
    with_guards, without = (
        run(each, FAULTS["all refuse"]).tally.between(2, 4) for each in (guarded, bare)
    )
    assert without.requests > 2.9 * without.calls
    assert with_guards.requests < with_guards.calls


def test_an_instance_that_sheds_begins_nothing_that_nobody_waits_for():
    overloaded = replace(SMALL, load=3.0, options=PeerOptions(0.2))
    working = run(overloaded).tally.between(1, 2)
    shedding = run(replace(overloaded, sheds=True)).tally.between(1, 2)
    assert len(shedding.took_s) > len(working.took_s)
