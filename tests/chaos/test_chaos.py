"""A minute of ``make chaos``, with a fixed seed."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
from tests.chaos.__main__ import conclude
from tests.chaos.run import Plan, run

from shop.local.servers import SERVERS

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(400)]

SEED, DURATION_S = 7, 60


def _has_loopback_addresses() -> bool:
    with closing(socket.socket()) as listener:
        try:
            listener.bind(("127.0.0.7", 0))
        except OSError:
            return False
    return True


@pytest.mark.skipif(not _has_loopback_addresses(), reason="has only 127.0.0.1 as loopback")
# PyMongo forgets the socket of a connection that a proxy cuts off while it is made.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_minute_of_faults_breaks_no_promise(program_of, run_folder, capsys):
    programs = [await program_of(server) for server in SERVERS]
    folder = run_folder / "chaos"
    plan = Plan(SEED, DURATION_S, programs[0].parent, folder / "log.jsonl")
    with capsys.disabled():
        result = await run(plan, print)
        code = conclude(result, Path("build/chaos") / f"test-seed-{SEED}.svg")
    assert code == 0
    assert len(result.faults) >= 10
    assert len({attempt.status for attempt in result.attempts} & {200, 201, 202}) == 3
