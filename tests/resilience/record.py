"""What the edge wrote down, read again. All times on the monotonic clock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """A request of the edge to one instance; ``outcome`` as PeerListener tells it."""

    began_s: float
    ended_s: float
    instance: str
    outcome: str


@dataclass(frozen=True)
class Transition:
    """A breaker's change of state."""

    at_s: float
    instance: str
    after: str


@dataclass(frozen=True)
class Record:
    """All that the edge did."""

    asked: tuple[tuple[float, str | None], ...]  # when, by which load
    attempts: tuple[Attempt, ...]
    transitions: tuple[Transition, ...]
    known: tuple[tuple[float, tuple[str, ...]], ...]  # since when, which instances
    retries: tuple[float, ...]
    rejected: tuple[tuple[float, str], ...]

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read the file that the edge has closed."""
        lines = [json.loads(line) for line in path.read_text().splitlines()]

        def of(kind: str) -> Iterator[dict[str, Any]]:
            return (line for line in lines if line["kind"] == kind)

        return cls(
            tuple((each["at"], each["load"]) for each in of("asked")),
            tuple(
                Attempt(each["at"] - each["took_s"], each["at"], each["instance"], each["outcome"])
                for each in of("attempt")
            ),
            tuple(
                Transition(each["at"], each["instance"], each["after"]) for each in of("breaker")
            ),
            tuple((each["at"], tuple(each["instances"])) for each in of("known")),
            tuple(each["at"] for each in of("retry")),
            tuple((each["at"], each["reason"]) for each in of("rejected")),
        )
