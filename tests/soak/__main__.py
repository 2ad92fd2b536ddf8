"""``python -m tests.soak --minutes 60 --seed 7``: load a shop, and see that it stays flat."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from tests.soak.report import plot, table
from tests.soak.run import Plan, Result, run
from tests.soak.trend import growths

from shop.local.home import Home

_OUT = Path("build/soak")


def main() -> int:
    """Run, print the table; 1 if something grew or a promise was broken, 130 if interrupted."""
    given = _parser().parse_args()
    home = Home.from_environment()
    for name in [name for name in os.environ if name.startswith("SHOP_")]:
        del os.environ[name]  # whoever calls this may have a shop of their own
    os.environ["SHOP_AUTH"] = "off"  # access is tested elsewhere
    name = f"seed-{given.seed}" + ("-with-leak" if given.with_leak else "")
    log = (_OUT / f"{name}.jsonl").absolute()
    plan = Plan(given.seed, given.minutes * 60, home.bin, log, given.with_leak)
    try:
        result = asyncio.run(_interruptible(plan))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("interrupted; everything that was started is ended")
        return 130
    return conclude(result, _OUT / f"{name}.svg")


def conclude(result: Result, picture: Path) -> int:
    """Print the outcome and draw the picture; return the exit code."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(plot(result))
    grown = growths(result.samples.lives)
    say(table(result, grown))
    say(f"plot               {picture}")
    for violation in result.violations[:100]:
        say(f"VIOLATION  {violation}")
    bad = [growth for growth in grown if not growth.flat]
    for growth in bad:
        say(f"NOT FLAT   {growth}")
    return 1 if bad or result.violations else 0


async def _interruptible(plan: Plan) -> Result:
    task = asyncio.ensure_future(run(plan, say))
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="how long the load lasts")
    parser.add_argument("--seed", type=int, default=7, help="what load and faults follow from")
    parser.add_argument(
        "--with-leak", action="store_true", help="let the services leak: the run has to fail"
    )
    return parser


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
