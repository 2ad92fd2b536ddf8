"""Running wrk, and reading what it tells."""

import asyncio
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from bench.speed.scripts import MARK

INSTALL = (
    "wrk is not on PATH. Install it (Debian, Ubuntu: apt-get install wrk; macOS: brew install wrk)."
)


@dataclass(frozen=True)
class Told:
    """What wrk tells of one run. ``refused``: answers of 400 and more; ``broken``: no answer."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return (self.requests - self.refused) / self.seconds


class Failed(Exception):
    """wrk did not run to its end."""


def check() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit(INSTALL)


async def run(script: str, url: str, *, connections: int, seconds: int, threads: int = 1) -> Told:
    """Load a server, with ``threads`` threads that share the connections; raise Failed."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", f"-t{threads}", f"-c{max(connections, threads)}", f"-d{seconds}s"]
        child = await asyncio.create_subprocess_exec(
            *(*command, "--timeout", "10s", "--latency", "-s", file.name, url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            printed = (await child.communicate())[0].decode(errors="replace")
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    return parse(printed)


def parse(printed: str) -> Told:
    """Read the line that the script's ``done`` prints; raise Failed where there is none."""
    for line in printed.splitlines():
        if line.startswith(MARK):
            told = json.loads(line.removeprefix(MARK))
            return Told(
                requests=told["requests"],
                seconds=told["duration_us"] / 1e6,
                refused=told["refused"],
                broken=told["broken"],
                p50_ms=told["p50_us"] / 1000,
                p99_ms=told["p99_us"] / 1000,
            )
    raise Failed(printed.strip()[-500:] or "wrk printed nothing")


def version() -> str:
    """Return the version of wrk, if one can tell."""
    shown = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return shown.partition(" [")[0].removeprefix("wrk ").partition("\n")[0] or "unknown"
