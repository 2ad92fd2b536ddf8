"""``python -m tests.resilience [scenario ...] --full``: fail what a caller calls, and see it."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.resilience import shop_restart
from tests.resilience.load import MISSING
from tests.resilience.report import table
from tests.resilience.run import Result, run
from tests.resilience.scenarios import FULL, SCENARIOS, SHORT, Pace
from tests.resilience.shop_report import table as shop_table
from tests.resilience.timeline import svg

from shop.local.consul import Consul
from shop.local.fetch import find_or_fetch
from shop.local.home import Home
from shop.local.progress import Progress
from shop.local.servers import SERVERS

OUT = Path("build/resilience")


def main() -> int:
    """Run, print the table; 1 if a call failed, 2 if there is no load, 130 if interrupted."""
    given = _parser().parse_args()
    if MISSING:
        _say(MISSING)
        return 2
    home = Home.from_environment()
    for name in [name for name in os.environ if name.startswith(("SHOP_", "CONSUL_"))]:
        del os.environ[name]  # whoever calls this may have a shop of their own
    os.environ["SHOP_AUTH"] = "off"  # access is tested elsewhere
    names = given.scenario or [*SCENARIOS, shop_restart.NAME]
    try:
        return asyncio.run(_interruptible(names, home, full=given.full))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("interrupted; everything that was started is ended")
        return 130


def draw(result: Result, name: str) -> None:
    """Draw a run."""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.svg").write_text(svg(result))


async def _interruptible(names: Sequence[str], home: Home, *, full: bool) -> int:
    task = asyncio.ensure_future(_all(names, home, full=full))
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _all(names: Sequence[str], home: Home, *, full: bool) -> int:
    """Run them; return 1 if a call failed in any."""
    codes = []
    if failing := [name for name in names if name in SCENARIOS]:
        codes.append(await _fail_each(failing, FULL if full else SHORT, home))
    if shop_restart.NAME in names:
        pace = shop_restart.FULL if full else shop_restart.SHORT
        codes.append(await _restart_shop(pace, home))
    return max(codes)


async def _fail_each(names: Sequence[str], pace: Pace, home: Home) -> int:
    program = await find_or_fetch(Consul.binary, home, Progress(sys.stderr))
    results = []
    for name in names:
        _say(f"{name}: {SCENARIOS[name].title}")
        result = await run(SCENARIOS[name], pace, program, (OUT / f"{name}.logs").absolute())
        draw(result, name)
        _say(f"  {len(result.calls)} calls, {result.failed} failed; {OUT / name}.svg")
        results.append(result)
    _keep("table.md", table(results))
    return 1 if any(result.failed for result in results) else 0


async def _restart_shop(pace: shop_restart.Pace, home: Home) -> int:
    name = shop_restart.NAME
    _say(f"{name}: {shop_restart.TITLE}")
    programs = {
        server.name: await find_or_fetch(server.binary, home, Progress(sys.stderr))
        for server in SERVERS
    }
    result = await shop_restart.run(pace, programs, (OUT / f"{name}.logs").absolute())
    _keep(f"{name}.md", shop_table(result))
    broken = list(result.broken())
    for promise in broken:
        _say(f"  broken: {promise}")
    return 1 if broken else 0


def _keep(name: str, text: str) -> None:
    _say(text)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(text + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.resilience", description=__doc__)
    known = [*SCENARIOS, shop_restart.NAME]
    parser.add_argument("scenario", nargs="*", choices=[[], *known], help="all where none")
    parser.add_argument("--full", action="store_true", help="as long as in docs/resilience.md")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
