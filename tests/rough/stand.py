"""The three services under attack: where they are, what exists there, and what they have logged."""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rough.callers import Callers
from tests.rough.operations import Sample
from tests.rough.wire import Answer, Request, Wire, connected

_PROBE = Request("GET", b"/health/live")
_CODES = re.compile(r"[a-z][a-z-]+")


@dataclass
class Stand:
    """A shop that runs, and the count of what was tried on it."""

    urls: Mapping[str, str]
    pids: Mapping[str, int]
    logs: Mapping[str, Path]
    ids: Mapping[str, str]
    callers: Callers
    cursors: list[str] = field(default_factory=list)  # that the lists have given out
    tried: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)  # as one who may, by operation
    statuses: dict[str, Counter[int]] = field(default_factory=dict)

    def request(self, sample: Sample, body: bytes | None = None) -> Request:
        """Return a good request by one who may; by the next kind of them each time."""
        shown = []
        if kinds := sample.kinds:
            shown = [self.callers.header(kinds[self.asked[sample.id] % len(kinds)])]
            self.asked[sample.id] += 1
        return sample.request(self.ids, shown, body)

    async def ask(self, service: str, kind: str, request: Request | bytes) -> Answer | None:
        """Send it over a connection of its own, and hold the answer to what all must keep.

        Return the last answer; None where the service closed without one.
        """
        self.tried[kind] += 1
        method = request.method if isinstance(request, Request) else "GET"
        async with connected(self.urls[service]) as wire:
            await wire.send(bytes(request))
            answer = await wire.answer(method)
            while answer is not None and answer.status == 100:
                answer = await wire.answer(method)
            self.statuses.setdefault(kind, Counter())[answer.status if answer else 0] += 1
            if answer is None:
                return None
            decent(answer, method)
            if answer.closes or answer.streams:
                return answer
            await self._still_usable(wire)
            return answer

    async def _still_usable(self, wire: Wire) -> None:
        """What follows on the connection is answered, or refused; the connection never hangs.

        Bytes that were left over may be taken for a request, and answered first.
        """
        await wire.send(bytes(_PROBE.with_headers(("Connection", "close"))))
        while (answer := await wire.answer()) is not None:
            decent(answer, "GET")

    def rss_mb(self, service: str) -> float:
        """Return how much memory a service holds."""
        status = Path(f"/proc/{self.pids[service]}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found, status
        return int(found[1]) / 1024

    def lines(self, service: str) -> list[str]:
        """Return what a service has logged."""
        return self.logs[service].read_text(errors="replace").splitlines()

    def report(self) -> None:
        """Write what was tried, where ROUGH_REPORT names a file."""
        if path := os.environ.get("ROUGH_REPORT"):
            told = {
                kind: {"tried": self.tried[kind], "answered": dict(sorted(counts.items()))}
                for kind, counts in sorted(self.statuses.items())
            }
            Path(path).write_text(json.dumps(told, indent=2))


def decent(answer: Answer, method: str) -> None:
    """Hold an answer to what all must keep, whatever was asked."""
    assert answer.status < 500 or answer.status == 505, (answer.status, answer.body)
    if answer.status < 400 or method == "HEAD":
        return
    assert answer.headers["content-type"].startswith("application/problem+json"), answer
    problem: dict[str, Any] = json.loads(answer.body)
    assert problem["status"] == answer.status
    assert _CODES.fullmatch(problem["code"]), problem
    assert re.fullmatch("[0-9a-f]{32}", problem["traceId"])
    assert "Traceback" not in answer.body.decode()
