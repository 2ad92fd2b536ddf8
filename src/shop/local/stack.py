"""Bringing the shop up, and down."""

from collections.abc import Sequence

from shop.local.health import Status, of
from shop.local.home import Home
from shop.local.instances import Instances
from shop.local.lock import lock
from shop.local.process import stop
from shop.local.progress import Progress
from shop.local.server import Server
from shop.local.servers import SERVERS, Servers
from shop.local.service import SERVICES, Service
from shop.local.state import Member, State
from shop.local.together import together

_GRACE_S = {
    "instance": 25,  # to leave Consul, and to answer what is under way (SHOP_DRAIN_TIMEOUT_S)
    "server": 30,
}


class Stack:
    """The shop of one home. ``servers`` and ``services`` say what belongs to it."""

    def __init__(
        self,
        home: Home,
        progress: Progress,
        *,
        servers: Sequence[Server] = SERVERS,
        services: Sequence[Service] = SERVICES,
    ) -> None:
        self.home = home
        self._progress = progress
        self._servers = servers
        self._services = services

    async def up(self, instances: int = 2, *, free_ports: bool = False) -> list[Member]:
        """Start what is missing; return all members once every instance is passing.

        With ``free_ports`` no usual port is taken. If anything fails, or the caller is cancelled,
        whatever was started here is stopped again. Raises LocalError.
        """
        async with lock(self.home.lock, self._another_is_at_work):
            state = State(self.home.state)
            state.forget_the_dead()
            before = {member.process for member in state}
            try:
                await self._start_missing(state, instances, free_ports)
            except BaseException:
                await _stop([m for m in state if m.process not in before], state)
                raise
            return list(state)

    async def down(self) -> list[Member]:
        """Stop what was started here, services first; return those that were running."""
        async with lock(self.home.lock, self._another_is_at_work):
            state = State(self.home.state)
            running = [member for member in state if member.process and member.alive]
            await _stop(list(state), state)
            return running

    def members(self) -> list[Member]:
        """Return what was started and not stopped, dead or alive."""
        return list(State(self.home.state))

    async def status(self) -> list[Status]:
        """Return the health of every member."""
        return await of(self.members())

    async def _start_missing(self, state: State, instances: int, free_ports: bool) -> None:
        fleet = Instances(self.home, self._services, state, self._progress)
        missing = fleet.missing(instances, free_ports=free_ports)
        servers = Servers(self.home, self._servers, state, self._progress)
        await servers.start(free_ports=free_ports)
        await fleet.start(missing)

    def _another_is_at_work(self) -> None:
        self._progress.say("Another shop command is at work here; waiting for it to end")


async def _stop(members: Sequence[Member], state: State) -> None:
    for kind, grace_s in _GRACE_S.items():
        chosen = [member for member in members if member.kind == kind]
        await together(stop(member.process, grace_s) for member in chosen if member.process)
        for member in chosen:
            state.remove(member)
