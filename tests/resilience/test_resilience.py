"""What ``make resilience`` shows at length, in short: the edge under load while things fail."""

import pytest
from tests.resilience.__main__ import OUT, draw
from tests.resilience.load import MISSING
from tests.resilience.run import Result, run, run_with
from tests.resilience.scenarios import FAULTY, SCENARIOS, SHORT

from shop.common.peer import BreakerOptions
from shop.local.consul import Consul

pytestmark = [
    pytest.mark.xdist_group("resilience"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]

LOST_AT_MOST = BreakerOptions().minimum_calls
FLAPS = SHORT.during_s / 2 + 1


@pytest.fixture
async def injured(fleet):
    """Runs a scenario; whatever it is, no call may fail."""

    async def injured(name: str) -> Result:
        return whole(await run_with(fleet, SCENARIOS[name], SHORT))

    yield injured
    await fleet.mend(FAULTY)


def whole(result: Result) -> Result:
    draw(result, f"test-{result.scenario.name}")
    assert len(result.calls) > 100
    assert result.failed == 0, f"see {OUT}/test-{result.scenario.name}.svg"
    return result


def answering(result: Result, begin_s: float) -> set[str]:
    """Return the instances that answered from then on."""
    late = (each for each in result.record.attempts if each.began_s >= begin_s)
    return {each.instance for each in late if each.outcome == "answered"}


async def test_a_rolling_restart_of_all_instances_fails_no_call_be_it_a_post(injured):
    result = await injured("restart")
    assert answering(result, result.over_s) == {"backend-1", "backend-2", "backend-3"}


async def test_without_consul_no_call_fails_and_who_came_and_went_is_known_once_it_is_back(injured):
    result = await injured("consul")
    _, known = result.record.known[-1]
    assert set(known) == {"backend-2", "backend-3", "backend-4"}
    assert answering(result, result.over_s) == set(known)


async def test_without_its_leader_no_call_fails_and_news_come_with_the_next(program_of, run_folder):
    program, logs = await program_of(Consul()), run_folder / "leader.logs"
    result = whole(await run(SCENARIOS["leader"], SHORT, program, logs))
    assert "backend-4" in answering(result, result.fault_s)


async def test_a_slow_instance_is_left_to_the_few_calls_that_find_it_out(injured):
    result = await injured("slow")
    assert result.share is not None
    assert 0 < result.share < 0.05


@pytest.mark.parametrize("name", ["hung", "frozen", "crash"])
async def test_at_a_dead_instance_few_calls_are_lost_and_others_answer_them(injured, name):
    result = await injured(name)
    assert result.lost_late <= LOST_AT_MOST
    assert len(result.record.retries) >= result.lost  # chance may have it that none was
    assert answering(result, result.fault_s + result.blind_s) >= {"backend-2", "backend-3"}


@pytest.mark.parametrize("name", ["flap-port", "flap-entry"])
async def test_one_that_flaps_fails_no_call_and_its_breaker_does_not_flap_with_it(injured, name):
    result = await injured(name)
    mine = [each for each in result.record.transitions if each.instance == FAULTY]
    assert len(mine) <= 3 * FLAPS  # opened, tried, opened: at most that, each time
