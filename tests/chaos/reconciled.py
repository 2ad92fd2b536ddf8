"""What the shop says of itself: ``python -m shop.order reconcile``, as its operator runs it."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.checker import Violation
from tests.chaos.load import WALK_IN
from tests.chaos.member import Member

_WITHIN_S = 120


@dataclass(frozen=True)
class Reconciled:
    """The exit code (0: the three services agree) and what was printed; the last line sums up."""

    code: int
    lines: list[str]

    @property
    def summary(self) -> str:
        """Return the last line, and how many disagreements are the load's own doing."""
        own = sum(_is_walk_in(line) for line in self.lines)
        return f"{self.lines[-1]} ({own} of them: what the load reserved without an order)"

    def violations(self) -> Iterator[Violation]:
        """Return each disagreement; or that it cannot be told whether there is one.

        What the load itself has reserved, without an order, is not one.
        """
        if self.code == 0:
            return
        for line in self.lines[:-1] or self.lines:
            if not _is_walk_in(line):
                order = line.split()[0] if line.startswith("ord_") else None
                yield Violation("reconcile disagrees", line, order)


def _is_walk_in(line: str) -> bool:
    return line.startswith(f"{WALK_IN}-")


async def reconcile(order_instance: Member) -> Reconciled:
    """Run it with the environment of an instance of the order service."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "shop.order", "reconcile"),
        env=dict(order_instance.env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            out, err = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    lines = (out or err).decode().splitlines()
    return Reconciled(child.returncode or 0, lines or ["reconcile said nothing"])
