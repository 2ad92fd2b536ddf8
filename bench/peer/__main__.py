"""``python -m bench.peer [cost] [faults]``: tables, as docs/resilience.md shows them.

Needs what setup.cfg names as the extra ``bench``; for one row, Node.js and npm.
"""

import argparse
import sys

import uvloop
from bench.peer import cost, faults

PARTS = {"cost": cost.run, "faults": faults.run}


def main() -> int:
    parser = argparse.ArgumentParser("python -m bench.peer", description=__doc__)
    parser.add_argument("part", nargs="*", choices=PARTS, help="all, if none is named")
    for part in parser.parse_args().part or PARTS:
        print(uvloop.run(PARTS[part]()), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
