"""What the stack promises under load: while containers fail, and while they are replaced."""

import asyncio

import pytest
from tests.docker.faults import Fault, commit
from tests.docker.stack import SERVICES

FAULTS = [
    *(Fault("kill", target, 5) for target in ("order", "primary", "redis", "consul")),
    *(Fault("pause", target, 5) for target in ("product", "primary", "redis", "consul")),
    *(Fault("disconnect", target, 5) for target in ("customer", "primary", "redis", "consul")),
]


@pytest.fixture(scope="module")
async def market(stack):
    from tests.docker.market import opened

    async with opened(stack) as market:
        yield market


async def test_a_rolling_replacement_of_all_services_loses_no_request(stack, market):
    before = {each.id for name in SERVICES for each in stack.containers(name)}
    outcome = await market.during(asyncio.to_thread(stack.script, "roll.sh"))
    after = {each.id for name in SERVICES for each in stack.containers(name)}
    assert len(after) == len(before) == 6
    assert not after & before
    assert outcome.failed == []
    assert outcome.violations == []
    assert len(outcome.attempts) > 100


async def test_containers_that_fail_one_after_the_other_break_no_promise(stack, market):
    async def commit_all() -> None:
        for fault in FAULTS:
            await commit(stack, fault)

    outcome = await market.during(commit_all())
    assert outcome.violations == []
    answered = [each for each in outcome.attempts if each.status]
    assert len(answered) > len(outcome.attempts) / 2
