"""Stands where the sockets are: requests of real clients to simulated instances."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.simulate.agenda import Agenda, until
from bench.simulate.server import Health, Server
from bench.simulate.tally import Tally

from shop.common.peer import Instance, PeerResponse, asker
from shop.common.peer.attempt import Failure

ONE_WAY_S = 0.00025

_ANSWER = PeerResponse(200, {}, b"")
_UNREACHABLE = Failure("unreachable", "refused", may_have_happened=False)
_BROKEN_OFF = Failure("broken-off", "broken off")
_SHED = Failure("error", "answered 503", retry_after_s=1.0)
_TIMEOUT = Failure("timeout", "no answer in time")


class Network:
    """Carries requests; it is given to a client in place of its session."""

    __slots__ = ("_agenda", "_servers", "_tally")

    def __init__(self, agenda: Agenda, servers: Sequence[Server], tally: Tally) -> None:
        self._agenda = agenda
        self._servers = {str(each.number): each for each in servers}
        self._tally = tally

    async def ask(self, instance: Instance, timeout_s: float) -> PeerResponse | Failure:
        now_s = self._agenda.now_s
        server, due_s = self._servers[instance.id], now_s + timeout_s
        self._tally.sent(server, now_s)
        life = server.life
        done_s = server.take(now_s + ONE_WAY_S, due_s)
        if done_s is None:
            await until(now_s + 2 * ONE_WAY_S)
            return _SHED if server.health is Health.WELL else _UNREACHABLE
        if done_s + ONE_WAY_S <= due_s:
            await until(done_s + ONE_WAY_S)
            if server.life == life:
                return _ANSWER
            if server.health is not Health.HANGS:
                return _BROKEN_OFF
        await until(due_s)
        return _TIMEOUT


async def _attempt(
    network: Network, instance: Instance, _request: object, timeout_s: float
) -> PeerResponse | Failure:
    return await network.ask(instance, timeout_s)


@contextmanager
def in_place_of_sockets() -> Iterator[None]:
    """Let clients ask a Network, given as their session, where they would ask by aiohttp."""
    real, asker.attempt = asker.attempt, _attempt
    try:
        yield
    finally:
        asker.attempt = real
