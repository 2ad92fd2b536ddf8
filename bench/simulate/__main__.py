"""Runs the simulation, prints its tables, and draws its pictures.

python -m bench.simulate spread failure scale-out outage overload watch cost
python -m bench.simulate failure --sizes 100 --seed 8 --out build/simulate
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog
from bench.simulate import cost, failure, outage, overload, scale_out, spread, watch
from bench.simulate.report import Report
from bench.simulate.world import Setting

SCENARIOS: dict[str, Callable[[Setting, Iterable[int]], Report]] = {
    "spread": spread.run,
    "failure": failure.run,
    "scale-out": scale_out.run,
    "outage": outage.run,
    "overload": overload.run,
    "watch": watch.run,
    "cost": cost.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.simulate",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    given = parser.parse_args()
    unknown = set(given.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    # Breakers tell of each of their changes, and there are a hundred thousand of them.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        cache_logger_on_first_use=True,
    )
    for name in given.scenarios or SCENARIOS:
        began_s = time.process_time()
        report = SCENARIOS[name](Setting(clients=given.clients, seed=given.seed), given.sizes)
        print(report.markdown(), flush=True)
        for file, picture in report.pictures.items():
            given.out.mkdir(parents=True, exist_ok=True)
            (given.out / file).write_text(picture)
        print(f"{name}: {time.process_time() - began_s:.0f} s of CPU", file=sys.stderr)


if __name__ == "__main__":
    main()
