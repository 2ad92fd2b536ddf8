"""What the client knows: every request that it sent, and every answer that it got."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO


@dataclass
class Attempt:
    """One request, and what came back: ``status`` is None where the answer was lost.

    ``subject``: the id of what it is about, or for a placing the tag that marks the order.
    ``ended_at`` is when its answer was there, or given up. Times in seconds since the epoch.
    """

    operation: str
    subject: str
    via: str = ""
    key: str | None = None
    sent: Any = None
    at: float = field(default_factory=time.time)
    ended_at: float | None = None
    status: int | None = None
    answer: str | None = None
    replayed: bool = False
    lost: str | None = None

    @property
    def body(self) -> Any:
        """The answer, read as JSON."""
        return json.loads(self.answer) if self.answer else None

    @property
    def outcome(self) -> str:
        """The outcome in a word or two: status and code, or how the answer was lost."""
        if self.status is None:
            return f"lost: {self.lost or 'still under way'}"
        code = self.body.get("code", "") if self.status >= 400 and self.answer else ""
        return f"{self.status} {code}".strip()


class Log:
    """Appends to a file what happens as it happens, and keeps the attempts."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("w")
        self.attempts: list[Attempt] = []

    def sent(self, attempt: Attempt) -> None:
        """Write down a request before it goes out."""
        self.attempts.append(attempt)
        self._append("sent", len(self.attempts) - 1, asdict(attempt))

    def ended(self, attempt: Attempt) -> None:
        """Write down what came of it."""
        attempt.ended_at = time.time()
        outcome = {k: v for k, v in asdict(attempt).items() if k not in ("sent", "key")}
        self._append("ended", attempt.subject, outcome)

    def note(self, event: str, **what: Any) -> None:
        """Write down anything else."""
        self._append(event, time.time(), what)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, kind: str, which: Any, what: dict[str, Any]) -> None:
        self._file.write(json.dumps([kind, which, what]) + "\n")
