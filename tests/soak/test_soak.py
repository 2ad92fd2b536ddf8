"""Three quarters of a minute of ``make soak``: that it works, not that anything is flat by then."""

from pathlib import Path

import pytest
from tests.chaos.stack import INSTANCES
from tests.chaos.test_chaos import _has_loopback_addresses
from tests.soak.report import plot, table
from tests.soak.run import Plan, run
from tests.soak.samples import NAMES

from shop.local.servers import SERVERS

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(400)]

SEED, DURATION_S = 7, 45


@pytest.mark.skipif(not _has_loopback_addresses(), reason="has only 127.0.0.1 as loopback")
# PyMongo forgets the socket of a connection that a proxy cuts off while it is made.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_short_soak_samples_every_instance_and_breaks_no_promise(
    program_of, run_folder, capsys
):
    programs = [await program_of(server) for server in SERVERS]
    log = run_folder / "soak" / "log.jsonl"
    plan = Plan(SEED, DURATION_S, programs[0].parent, log, fault_every_s=15.0)
    with capsys.disabled():
        result = await run(plan, print)
        print(table(result, []))  # noqa: T201
    assert result.violations == []
    assert result.faults
    assert result.told["customer created"]
    assert result.told["order updated"]
    sampled = {life.partition(" ")[0]: series for life, series in result.samples.lives.items()}
    assert sampled.keys() == set(INSTANCES)
    for series in sampled.values():
        for name in NAMES:
            assert any(value > 0 for _, value in series[name]), name
    kinds = set().union(*result.samples.by_kind.values())
    assert {"in", "mongo", "redis", "consul"} <= kinds
    Path("build/soak").mkdir(parents=True, exist_ok=True)
    Path(f"build/soak/test-seed-{SEED}.svg").write_text(plot(result))
