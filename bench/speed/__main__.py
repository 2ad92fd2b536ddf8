"""Measures how fast the shop is, beside a floor and what one would take instead.

python -m bench.speed                          all parts (25 minutes), and docs/performance.md
python -m bench.speed reads orders             these parts
python -m bench.speed orders --quick           few sizes and rounds, nothing is kept
python -m bench.speed --document               docs/performance.md anew from what is kept
"""

import argparse
import math
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import uvloop
from bench.speed import (
    contender,
    document,
    growth,
    instances,
    orders,
    plots,
    profile,
    reads,
    reservations,
    results,
    start,
    wrk,
)
from bench.speed.options import Options
from bench.speed.results import Result
from bench.speed.samples import Sample
from bench.speed.stage import Stage, stage

Run = Callable[[Stage, Options], Awaitable[list[Sample]]]

MEASURED: dict[str, Run] = {
    "reads": reads.run,
    "orders": orders.run,
    "reservations": reservations.run,
    "growth": growth.run,
    "instances": instances.run,
}
FURTHER = ("start", "profile")
PARTS = (*MEASURED, *FURTHER)
# On 2 cores with nothing beside, for who waits; in proportion with other rounds and seconds.
_MINUTES = {
    "reads": 9.5,
    "orders": 6,
    "reservations": 0.5,
    "growth": 6,
    "instances": 3,
    "start": 1,
    "profile": 1.5,
}
QUICK_PARTS = ("reads", "orders", "reservations")
KEPT = contender.ROOT / "bench" / "results"


def main() -> int:
    given = _arguments()
    if not given.document:
        wrk.check()
        contender.source = given.source and given.source.absolute()
        given.out.mkdir(parents=True, exist_ok=True)
        uvloop.run(_run(given))
    if not given.quick:
        to = document.DOCUMENT if given.out == KEPT else given.out / document.DOCUMENT.name
        document.write(results.saved(given.out), to)
        print(f"Written: {to}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m bench.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="few sizes and rounds, keep nothing")
    parser.add_argument("--rounds", type=int, help="default 3; with --quick 2")
    parser.add_argument("--seconds", type=int, help="of a run of wrk; default 2; with --quick 1")
    parser.add_argument("--only", action="append", default=[], help="only this rival; repeatable")
    parser.add_argument("--source", type=Path, help="src of another checkout, to run its services")
    parser.add_argument("--out", type=Path, default=KEPT, help="folder of the results")
    parser.add_argument("--document", action="store_true", help="measure nothing, write it anew")
    given = parser.parse_args()
    if unknown := set(given.part) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return given


async def _run(given: argparse.Namespace) -> None:
    quick = given.quick
    options = Options(
        quick,
        rounds=given.rounds or (2 if quick else 3),
        seconds=given.seconds or (1 if quick else 2),
        only=tuple(given.only),
    )
    parts = given.part or (QUICK_PARTS if quick else PARTS)
    for number, part in enumerate(parts, 1):
        left = "" if quick else f", about {_minutes(parts[number - 1 :], options)} min left"
        print(f"\n=== {part} ({number} of {len(parts)}{left})", flush=True)
        result = await _part(part, options, given.out)
        print("\n" + "\n\n".join(document.texts(result)), flush=True)
        if not quick:
            _keep(result, given.out)


def _minutes(parts: Sequence[str], options: Options) -> int:
    usual = sum(_MINUTES[part] for part in parts)
    return math.ceil(usual * options.rounds * (options.seconds + 0.3) / (3 * 2.3))


async def _part(part: str, options: Options, out: Path) -> Result:
    """Measure one part, on servers of its own."""
    async with stage() as on:
        about = results.about(options, [part], _programs(on))
        if part == "profile":
            return Result(part, about, further=await profile.run(on, options, out))
        if part == "start":
            return Result(part, about, further=await start.run(on, options))
        return Result(part, about, await MEASURED[part](on, options))


def _keep(result: Result, folder: Path) -> None:
    result.save(folder)
    if result.samples:
        for name, picture in plots.pictures(result.part, document.measured(result)).items():
            (folder / name).write_text(picture)


def _programs(on: Stage) -> dict[str, str]:
    """Return the versions of the servers that run, and of Node.js."""
    commands = {"node": ["node"]}
    for name, process in on.processes.items():
        with suppress(OSError):  # no proc(5)
            commands[name] = [os.readlink(f"/proc/{process.pid}/exe")]
    return {name: found for name, command in commands.items() if (found := _version(command))}


def _version(command: Sequence[str]) -> str:
    try:
        told = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ""
    found = re.search(r"v=?(\d+\.\d+\.\d+)", told)
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main())
