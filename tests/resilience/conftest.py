"""Three instances that Consul knows, for all that is tried here; a test mends what it breaks."""

import pytest
from tests.resilience import stand as stands
from tests.resilience.scenarios import SHORT

from shop.local.consul import Consul


@pytest.fixture(scope="session")
async def fleet(program_of, run_folder):
    program, logs = await program_of(Consul()), run_folder / "resilience.logs"
    async with stands.fleet(program, logs, check_interval_s=SHORT.check_interval_s) as fleet:
        yield fleet
