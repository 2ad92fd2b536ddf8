"""Constant load from ``hey``, a program of its own, and what it measured of every call."""

import asyncio
import csv
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

MISSING = None if shutil.which("hey") else "hey is not installed (Debian: apt-get install hey)"


@dataclass(frozen=True)
class Call:
    """A call as its caller saw it; ``at_s`` on the monotonic clock."""

    at_s: float
    took_s: float
    status: int


@dataclass(frozen=True)
class Rate:
    """``workers`` callers, each of which begins a call ``each_per_s`` times a second.

    One that still waits for an answer begins no other: where calls hang there are fewer of them.
    """

    workers: int
    each_per_s: int


class Load:
    """Many callers of one address. hey says at its end what the calls were, and only then."""

    def __init__(
        self, url: str, rate: Rate, table: Path, method: str = "GET", body: str = "{}"
    ) -> None:
        self._table = table
        self._command = ["hey", "-z", "1h", "-o", "csv", "-m", method]
        self._command += ["-c", str(rate.workers), "-q", str(rate.each_per_s), url]
        if method == "POST":
            self._command[-1:-1] = ["-T", "application/json", "-d", body]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin to call."""
        with self._table.open("wb") as table:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdout=table)

    def interrupt(self) -> None:
        """Begin no more calls; those under way end."""
        assert self._process
        self._process.send_signal(signal.SIGINT)

    async def ended(self) -> None:
        """Return when the last call has ended."""
        assert self._process
        await self._process.wait()

    def calls(self, first_at_s: float) -> list[Call]:
        """Return all calls. ``first_at_s``: when the first one began, on the monotonic clock."""
        return _read(self._table, first_at_s)

    def kill(self) -> None:
        """End it without a result; does nothing to one that has stopped."""
        if self._process and self._process.returncode is None:
            self._process.kill()


def _read(table: Path, first_at_s: float) -> list[Call]:
    with table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    begun_s = min((float(row["offset"]) for row in rows), default=0.0)
    return [
        Call(
            first_at_s + float(row["offset"]) - begun_s,
            float(row["response-time"]),
            int(row["status-code"]),
        )
        for row in rows
    ]
