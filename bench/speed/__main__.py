"""python -m bench.speed [reads] [orders] [--quick] [--rounds 3] [--seconds 2]"""

import argparse
import asyncio
import sys
from pathlib import Path

from bench.speed import contender, orders, reads, table, wrk
from bench.speed.options import Options
from bench.speed.samples import lines
from bench.speed.stage import stage

PARTS = {"reads": reads.run, "orders": orders.run}


async def run(parts, options):
    for part in parts:
        async with stage() as on:
            samples = await PARTS[part](on, options)
        print(table.text(lines(samples, "floor"), "connections", "the floor"), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser("python -m bench.speed", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--source", type=Path)
    given = parser.parse_args()
    contender.source = given.source and given.source.absolute()
    wrk.check()
    options = Options(given.quick, given.rounds or 3, given.seconds or 2, tuple(given.only))
    asyncio.run(run(given.part or PARTS, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
