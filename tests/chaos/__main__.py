"""``python -m tests.chaos --seed 7 --duration 600``: maltreat a shop, and see what it promised."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from tests.chaos.report import complaints, table
from tests.chaos.run import Plan, Result, run
from tests.chaos.sabotage import GUARDS
from tests.chaos.timeline import svg

from shop.local.home import Home

_OUT = Path("build/chaos")


def main() -> int:
    """Run, print the table; 1 if a promise was broken, 130 if it was interrupted."""
    given = _parser().parse_args()
    home = Home.from_environment()
    for name in [name for name in os.environ if name.startswith("SHOP_")]:
        del os.environ[name]  # whoever calls this may have a shop of their own
    os.environ["SHOP_AUTH"] = "off"  # access is tested elsewhere
    name = f"seed-{given.seed}" + (f"-without-{given.without}" if given.without else "")
    log = (_OUT / f"{name}.jsonl").absolute()
    plan = Plan(given.seed, given.duration, home.bin, log, given.without)
    try:
        result = asyncio.run(_interruptible(plan))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("interrupted; everything that was started is ended")
        return 130
    return conclude(result, _OUT / f"{name}.svg")


def conclude(result: Result, picture: Path) -> int:
    """Print the outcome and draw the picture; return the exit code."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(svg(result))
    _say(table(result))
    _say(f"timeline           {picture}")
    if result.violations:
        _say(complaints(result))
    return 1 if result.violations else 0


async def _interruptible(plan: Plan) -> Result:
    task = asyncio.ensure_future(run(plan, _say))
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="what the faults follow from")
    parser.add_argument("--duration", type=float, default=60, help="of the faults, in seconds")
    parser.add_argument("--without", choices=GUARDS, help="a guard to take away")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
