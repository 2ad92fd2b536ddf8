import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from shop.common.peer import ConsulUnavailable, Registrar, RegistrarOptions, Registration

OURS = Registration("product", "product-1", "10.0.0.1", 8002, ("v1",))


class FakeAgent:
    """An agent that keeps what it is told in memory; it can be away, forget, or hang."""

    def __init__(self) -> None:
        self.known: dict[str, Registration] = {}
        self.away_for = 0
        self.hangs = False
        self.hanging = asyncio.Event()
        self.registered = 0

    async def register(self, registration: Registration) -> None:
        await self._reach()
        self.known[registration.id] = registration
        self.registered += 1

    async def knows(self, instance_id: str) -> bool:
        await self._reach()
        return instance_id in self.known

    async def deregister(self, instance_id: str) -> None:
        await self._reach()
        self.known.pop(instance_id, None)

    async def _reach(self) -> None:
        if self.hangs:
            self.hanging.set()
            await asyncio.Event().wait()
        if self.away_for:
            self.away_for -= 1
            raise ConsulUnavailable("connection refused")
        await asyncio.sleep(0)


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent()


@pytest.fixture
def registrar(agent, clock, longest) -> Registrar:
    return Registrar(
        agent,
        OURS,
        RegistrarOptions(heartbeat_s=3.0, retry_first_s=0.1, retry_max_s=1.0),
        sleep=clock.sleep,
        rng=longest,
    )


async def until(condition: Callable[[], bool]) -> None:
    """Let the others run until it is so; the clock is a fake one, so nobody keeps them waiting."""
    while not condition():
        await asyncio.sleep(0)


async def test_registers_and_deregisters(agent, registrar):
    await registrar.register()
    assert agent.known == {"product-1": OURS}
    await registrar.deregister()
    assert agent.known == {}


async def test_waits_for_consul_with_growing_waits_and_says_so_once(agent, registrar, clock):
    agent.away_for = 6
    with capture_logs() as logs:
        await registrar.register()
    assert clock.slept_s == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert [line["event"] for line in logs] == [
        "waiting for consul",
        "registered",
        "consul is back",
    ]
    assert logs[0]["reason"] == "connection refused"
    await registrar.deregister()


async def test_registers_again_when_the_agent_has_forgotten_it(agent, registrar):
    await registrar.register()
    agent.known.clear()
    await until(lambda: agent.registered == 2)
    assert agent.known == {"product-1": OURS}
    await registrar.deregister()


async def test_registers_anew_at_the_start_whatever_the_agent_remembers(agent, registrar):
    agent.known["product-1"] = Registration("product", "product-1", "10.9.9.9", 1)
    await registrar.register()
    assert agent.known == {"product-1": OURS}
    await registrar.deregister()


async def test_does_not_register_again_while_the_agent_knows_it(agent, registrar, clock):
    await registrar.register()
    await until(lambda: len(clock.slept_s) == 10)
    assert agent.registered == 1
    assert set(clock.slept_s) == {3.0}
    await registrar.deregister()


async def test_comes_back_sooner_than_a_heartbeat_once_consul_was_away(agent, registrar, clock):
    await registrar.register()
    agent.known.clear()
    agent.away_for = 2
    await until(lambda: agent.registered == 2)
    assert clock.slept_s[:3] == [3.0, 0.1, 0.2]
    await registrar.deregister()


async def test_what_is_not_registered_or_no_longer_is_not_taken_back(agent, registrar):
    agent.known["product-1"] = OURS  # somebody else's doing
    await registrar.deregister()
    assert agent.known == {"product-1": OURS}
    await registrar.register()
    await registrar.deregister()
    agent.hangs = True
    await registrar.deregister()
    assert not agent.hanging.is_set()


async def test_no_heartbeat_is_left_after_deregistering(agent, registrar):
    await registrar.register()
    await registrar.deregister()
    assert [task for task in asyncio.all_tasks() if "heartbeat" in task.get_name()] == []


async def test_deregistering_without_consul_is_said_and_does_not_raise(agent, registrar):
    await registrar.register()
    agent.away_for = 10**6
    with capture_logs() as logs:
        await registrar.deregister()
    assert "not deregistered" in [line["event"] for line in logs]


@pytest.mark.parametrize("heartbeat_hangs_too", [False, True])
async def test_deregistering_at_an_agent_that_hangs_gives_up(agent, clock, heartbeat_hangs_too):
    registrar = Registrar(
        agent, OURS, RegistrarOptions(deregister_timeout_s=0.01), sleep=clock.sleep
    )
    await registrar.register()
    agent.hangs = True
    if heartbeat_hangs_too:
        await agent.hanging.wait()
    with capture_logs() as logs:
        await registrar.deregister()
    assert [line["event"] for line in logs] == ["not deregistered"]
    assert [task for task in asyncio.all_tasks() if "heartbeat" in task.get_name()] == []


async def test_waiting_for_consul_can_be_given_up(agent, clock):
    agent.hangs = True
    registrar = Registrar(agent, OURS, RegistrarOptions(deregister_timeout_s=0.01))
    waiting = asyncio.create_task(registrar.register())
    await agent.hanging.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    agent.hangs = False
    await registrar.deregister()
    assert agent.known == {}


def test_consul_is_told_to_ask_for_readiness():
    assert OURS.health_url == "http://10.0.0.1:8002/health/ready"
