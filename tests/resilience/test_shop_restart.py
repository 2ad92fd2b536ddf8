"""What ``make resilience`` does to the shop itself, in short: one round, few callers."""

import pytest
from tests.resilience.load import MISSING
from tests.resilience.shop_report import table
from tests.resilience.shop_restart import SHORT, run

from shop.local.servers import SERVERS

pytestmark = [
    pytest.mark.xdist_group("resilience"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]


async def test_a_restart_of_every_instance_of_the_shop_fails_no_read_and_loses_no_order(
    program_of, run_folder
):
    programs = {server.name: await program_of(server) for server in SERVERS}
    result = await run(SHORT, programs, run_folder / "shop.logs")
    assert result.reads.asked > 50
    assert result.orders.asked > 20
    assert list(result.broken()) == [], table(result)
