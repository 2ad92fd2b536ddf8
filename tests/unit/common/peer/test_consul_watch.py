import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from shop.common.peer import ConsulUnavailable, Instance, Selection, WatchOptions, WatchView
from shop.common.peer.consul_watch import ConsulWatch
from shop.common.peer.health import Passing
from shop.common.peer.selection import ANY

AWAY = ConsulUnavailable("connection refused")
P1, P2 = (Instance("product", f"p{n}", f"http://h:{n}") for n in (1, 2))


class ScriptedConsul:
    """Answers with what the test says next, and remembers what it was asked.

    In another datacenter it says what ``elsewhere`` holds for it; it is asked there only once
    until that changes.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []
        self.selections: list[Selection] = []
        self.elsewhere: dict[str, Any] = {}
        self.asked_elsewhere: list[str] = []
        self._said: dict[str, Any] = {}
        self._next: asyncio.Queue[Any] = asyncio.Queue()
        self._waiting = asyncio.Event()

    async def passing(
        self,
        service: str,
        index: int = 0,
        wait_s: float = 0.0,
        *,
        datacenter: str | None = None,
        selection: Selection = ANY,
    ) -> Passing:
        assert service == "product"
        if datacenter is not None:
            return await self._passing_elsewhere(datacenter)
        self.asked.append((index, wait_s))
        self.selections.append(selection)
        if self._next.empty():
            self._waiting.set()
        said = await self._next.get()
        if isinstance(said, Exception):
            raise said
        return Passing(*said)

    async def _passing_elsewhere(self, datacenter: str) -> Passing:
        self.asked_elsewhere.append(datacenter)
        while self.elsewhere.get(datacenter) is self._said.get(datacenter):
            await asyncio.sleep(0)
        said = self._said[datacenter] = self.elsewhere[datacenter]
        if isinstance(said, Exception):
            raise said
        return Passing(*said)

    async def says(self, *answers: Any) -> None:
        """Give these answers; return when the watch asks for one more."""
        self._waiting.clear()
        for answer in answers:
            self._next.put_nowait(answer)
        await self._waiting.wait()

    @property
    def indexes(self) -> list[int]:
        return [index for index, _ in self.asked]


@pytest.fixture
def consul() -> ScriptedConsul:
    return ScriptedConsul()


@pytest.fixture
async def watching(consul, clock, longest) -> AsyncIterator[Callable[..., ConsulWatch]]:
    watches: list[ConsulWatch] = []

    def watching(**options: Any) -> ConsulWatch:
        watch = ConsulWatch(
            "product",
            consul,
            WatchOptions(**options),
            clock=clock,
            sleep=clock.sleep,
            rng=longest,
        )
        watches.append(watch)
        return watch

    yield watching
    for watch in watches:
        await watch.close()


async def test_knows_nothing_before_the_first_answer_and_then_what_it_says(consul, watching):
    watch = watching()
    assert not watch.ready.is_set()
    assert watch.instances == ()
    await consul.says((7, (P1, P2)))
    assert watch.ready.is_set()
    assert watch.instances == (P1, P2)


async def test_an_empty_first_answer_is_an_answer(consul, watching):
    watch = watching()
    await consul.says((7, ()))
    assert watch.ready.is_set()


async def test_waiting_for_the_first_answer_ends_by_itself(watching):
    watch = watching(first_wait_s=0.01)
    await watch.ready.wait()
    assert watch.instances == ()


async def test_each_query_blocks_from_the_last_index_on(consul, watching):
    watching(wait_s=30.0)
    await consul.says((7, (P1,)), (9, (P1, P2)))
    assert consul.asked == [(0, 30.0), (7, 30.0), (9, 30.0)]


async def test_a_change_is_taken_over_and_no_change_keeps_the_same_object(consul, watching):
    watch = watching()
    await consul.says((7, (P1,)))
    before = watch.instances
    await consul.says((8, (Instance(P1.service, P1.id, P1.url),)))
    assert watch.instances is before
    await consul.says((9, (P2,)))
    assert watch.instances == (P2,)


async def test_a_falling_index_starts_over(consul, watching):
    watch = watching()
    await consul.says((900, (P1,)), (12, (P2,)))
    assert consul.indexes == [0, 900, 0]
    assert watch.instances == (P2,)


async def test_an_error_starts_over_and_keeps_what_was_known(consul, watching):
    watch = watching()
    await consul.says((900, (P1,)), AWAY, AWAY)
    assert consul.indexes == [0, 900, 0, 0]
    assert watch.instances == (P1,)


async def test_errors_before_the_first_answer_do_not_end_the_waiting(consul, watching):
    watch = watching()
    await consul.says(AWAY, AWAY)
    assert not watch.ready.is_set()
    await consul.says((7, (P1,)))
    assert watch.instances == (P1,)


async def test_waits_between_errors_grow_up_to_the_cap_and_start_anew(consul, watching, clock):
    watching(retry_first_s=0.1, retry_max_s=0.3, pace_s=0.02)
    await consul.says(AWAY, AWAY, AWAY, AWAY, (7, (P1,)), AWAY)
    assert clock.slept_s == [0.1, 0.2, 0.3, 0.3, 0.02, 0.1]


async def test_servers_that_are_behind_by_turns_are_asked_at_a_pace(consul, watching, clock):
    watch = watching(pace_s=0.5)
    await consul.says(*[(900, (P1,)), (890, (P1, P2))] * 3)
    assert clock.slept_s == [0.5] * 6
    assert consul.indexes == [0, 900, 0, 900, 0, 900, 0]
    assert watch.instances == (P1, P2)


async def test_by_default_the_return_of_consul_is_noticed_within_a_second():
    assert WatchOptions().retry_max_s < 1.0


async def test_answers_in_quick_succession_are_asked_for_at_a_pace(consul, watching, clock):
    watching(pace_s=0.5)
    await consul.says((7, (P1,)), (7, (P1,)), (7, (P1,)))
    assert clock.slept_s == [0.5] * 3


async def test_an_empty_answer_is_doubted_for_the_grace_time(consul, watching, clock):
    watch = watching(empty_grace_s=10.0, wait_s=30.0, pace_s=0.0)
    await consul.says((7, (P1,)), (8, ()))
    assert watch.instances == (P1,)
    assert consul.asked[-1] == (8, 10.0)
    clock.now_s += 9.0
    await consul.says((8, ()))
    assert watch.instances == (P1,)
    assert consul.asked[-1] == (8, 1.0)
    clock.now_s += 1.0
    await consul.says((8, ()))
    assert watch.instances == ()
    assert consul.asked[-1] == (8, 30.0)


async def test_an_instance_that_comes_within_the_grace_time_ends_the_doubt(consul, watching, clock):
    watch = watching(empty_grace_s=10.0)
    await consul.says((7, (P1,)), (8, ()), (9, (P2,)))
    assert watch.instances == (P2,)
    clock.now_s += 60.0
    await consul.says((10, ()))
    assert watch.instances == (P2,)


async def test_time_without_consul_does_not_count_as_doubt(consul, watching, clock):
    watch = watching(empty_grace_s=10.0)
    await consul.says((7, (P1,)), (8, ()), AWAY)
    clock.now_s += 60.0
    await consul.says((3, ()))
    assert watch.instances == (P1,)


async def test_losing_and_finding_consul_is_one_line_each(consul, watching):
    watching()
    with capture_logs() as logs:
        await consul.says((7, (P1,)), AWAY, AWAY, AWAY, (7, (P1,)))
    assert [line["event"] for line in logs] == ["peers changed", "consul lost", "consul is back"]
    assert logs[1]["reason"] == "connection refused"
    assert logs[1]["kept"] == 1


async def test_closing_ends_the_watch_and_lets_the_waiting_go(consul, watching):
    watch = watching()
    waiting = asyncio.create_task(watch.ready.wait())
    await consul.says()
    await watch.close()
    await waiting
    assert [task for task in asyncio.all_tasks() if task.get_name() == "watch of product"] == []


async def test_only_the_wanted_are_asked_for(consul, watching):
    second = Selection(tags=("v2",))
    watching(wanted={"product": second})
    await consul.says((7, (P1,)))
    assert consul.selections == [second, second]


# --- How well it is known ------------------------------------------------------------------------


async def test_the_age_counts_from_the_last_answer(consul, watching, clock):
    watch = watching(pace_s=0.0)
    clock.now_s += 3.0
    assert watch.view() == WatchView(0, 3.0, connected=False)
    await consul.says((7, (P1, P2)))
    assert watch.view() == WatchView(2, 0.0, connected=True)
    clock.now_s += 9.0
    assert watch.view() == WatchView(2, 9.0, connected=True)


async def test_while_consul_is_away_the_age_grows_and_it_is_not_connected(consul, watching, clock):
    watch = watching(retry_first_s=1.0, retry_max_s=1.0, pace_s=0.0)
    await consul.says((7, (P1,)), AWAY, AWAY)
    assert watch.view() == WatchView(1, 2.0, connected=False)
    await consul.says((7, (P1,)))
    assert watch.view() == WatchView(1, 0.0, connected=True)


async def test_what_a_server_cut_off_from_its_leader_says_is_as_old_as_the_cut(consul, watching):
    watch = watching(pace_s=0.0)
    await consul.says((7, (P1,), 42.0))
    assert watch.view() == WatchView(1, 42.0, connected=True)


# --- Other datacenters ---------------------------------------------------------------------------


@pytest.fixture
def until():
    """Lets the others run until it is so; the clock is a fake one."""

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0)

    return until


D2, D3 = (Instance("product", f"d{n}", f"http://dc{n}:1") for n in (2, 3))
FAILOVER = {"failover_datacenters": ("dc2", "dc3")}


async def test_while_the_own_datacenter_has_one_the_others_are_not_asked(consul, watching):
    watching(**FAILOVER)
    await consul.says((7, (P1,)), (8, (P2,)))
    assert consul.asked_elsewhere == []


async def test_with_none_from_the_first_answer_on_others_are_asked_before_it_is_ready(
    consul, watching, until
):
    watch = watching(**FAILOVER)
    await consul.says((7, ()))
    assert not watch.ready.is_set()
    consul.elsewhere = {"dc2": (70, ()), "dc3": (90, (D3,))}
    await watch.ready.wait()
    assert watch.instances == (D3,)
    assert watch.view().datacenter == "dc3"


async def test_when_nobody_has_one_it_is_ready_and_knows_none(consul, watching):
    watch = watching(**FAILOVER)
    consul.elsewhere = {"dc2": (70, ()), "dc3": AWAY}
    await consul.says((7, ()))
    await watch.ready.wait()
    assert watch.instances == ()
    assert watch.view().datacenter is None


async def test_the_first_that_has_one_is_used_in_the_order_given(consul, watching, until):
    watch = watching(**FAILOVER)
    consul.elsewhere = {"dc2": (70, (D2,)), "dc3": (90, (D3,))}
    await consul.says((7, ()))
    await until(lambda: watch.instances == (D2,))
    consul.elsewhere["dc3"] = (91, (D3, P2))
    await until(lambda: consul.asked_elsewhere.count("dc3") == 3)
    assert watch.instances == (D2,)


async def test_a_datacenter_that_cannot_be_reached_any_more_is_left_for_another(
    consul, watching, until
):
    watch = watching(**FAILOVER)
    consul.elsewhere = {"dc2": (70, (D2,)), "dc3": (90, (D3,))}
    await consul.says((7, ()))
    await until(lambda: watch.instances == (D2,))
    consul.elsewhere["dc2"] = AWAY
    await until(lambda: watch.instances == (D3,))
    consul.elsewhere["dc3"] = ConsulUnavailable("away, too")
    await until(lambda: watch.instances == (D2,))
    assert not watch.view().connected


async def test_the_last_known_are_kept_past_the_grace_until_the_others_have_answered(
    consul, watching, clock, until
):
    watch = watching(empty_grace_s=10.0, pace_s=0.0, **FAILOVER)
    await consul.says((7, (P1,)), (8, ()))
    assert consul.asked_elsewhere == []
    clock.now_s += 10.0
    await consul.says((8, ()))
    await until(lambda: len(consul.asked_elsewhere) == 2)
    assert watch.instances == (P1,)
    consul.elsewhere = {"dc2": (70, ()), "dc3": (90, (D3,))}
    await until(lambda: watch.instances == (D3,))


async def test_one_instance_in_the_own_datacenter_and_it_comes_home(consul, watching, until):
    watch = watching(**FAILOVER)
    consul.elsewhere = {"dc2": (70, (D2,)), "dc3": (90, (D3,))}
    with capture_logs() as logs:
        await consul.says((7, ()))
        await until(lambda: watch.instances == (D2,))
        await consul.says((8, (P1,)))
    assert watch.instances == (P1,)
    assert watch.view().datacenter is None
    moves = [line["datacenter"] for line in logs if "another datacenter" in line["event"]]
    assert moves[-1] == "own"
    await until(lambda: not [t for t in asyncio.all_tasks() if " in dc" in t.get_name()])


async def test_it_does_not_look_elsewhere_because_consul_is_away(consul, watching):
    watch = watching(**FAILOVER)
    await consul.says(AWAY, AWAY)
    assert consul.asked_elsewhere == []
    await consul.says((7, (P1,)), AWAY, AWAY)
    assert consul.asked_elsewhere == []
    assert watch.instances == (P1,)


async def test_closing_ends_the_watches_of_other_datacenters_too(consul, watching, until):
    watch = watching(**FAILOVER)
    await consul.says((7, ()))
    await until(lambda: len(consul.asked_elsewhere) == 2)
    await watch.close()
    assert [task for task in asyncio.all_tasks() if "watch of product" in task.get_name()] == []
