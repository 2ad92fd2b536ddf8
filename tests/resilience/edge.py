"""``python -m tests.resilience.edge``: the example of the documents, and a record of all it does.

The record is a file of JSON lines, each with ``kind`` and times of the monotonic clock, which on
one machine is the same for all processes. ``GET /_known`` tells the instances known by now.
"""

import argparse
import asyncio
import importlib.util
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from shop.common.peer import Instance, PeerClient, PeerListener, State

_EXAMPLE = Path(__file__).parents[2] / "docs/examples/edge.py"
_LOOK_S = 0.05


class Recorder(PeerListener):
    """Writes down what it hears."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")

    def note(self, kind: str, **what: Any) -> None:
        """Write a line."""
        self._file.write(json.dumps({"kind": kind, "at": time.monotonic(), **what}) + "\n")

    def close(self) -> None:
        """End the record."""
        self._file.close()

    def attempted(self, service: str, instance: Instance, outcome: str, took_s: float) -> None:  # noqa: ARG002
        self.note("attempt", instance=instance.id, outcome=outcome, took_s=took_s)

    def retried(self, service: str) -> None:  # noqa: ARG002
        self.note("retry")

    def rejected(self, service: str, reason: str) -> None:  # noqa: ARG002
        self.note("rejected", reason=reason)

    def breaker_changed(
        self,
        service: str,  # noqa: ARG002
        instance: Instance,
        before: State,  # noqa: ARG002
        after: State,
        reason: str,
    ) -> None:
        self.note("breaker", instance=instance.id, after=after.value, reason=reason)


def create_app(service: str, consul: str, record: Path) -> web.Application:
    """Return the example's gateway, recorded."""
    spec = importlib.util.spec_from_file_location("edge_example", _EXAMPLE)
    assert spec
    assert spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    recorder = Recorder(record)
    app: web.Application = example.create_app(service, consul, recorder)

    def known() -> list[str]:
        client: PeerClient = app[example.PEER]
        return [each.id for each in client.view().instances]

    @web.middleware
    async def recorded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/_known":
            return web.json_response(known())
        recorder.note("asked", load=request.query.get("load"))
        return await handler(request)

    async def recording(_app: web.Application) -> AsyncIterator[None]:
        looking = asyncio.create_task(look())
        yield
        looking.cancel()
        recorder.close()

    async def look() -> None:
        before: list[str] | None = None
        while True:
            now = known()
            if now != before:
                recorder.note("known", instances=now)
            before = now
            await asyncio.sleep(_LOOK_S)

    app.middlewares.append(recorded)
    app.cleanup_ctx.append(recording)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m tests.resilience.edge", description=__doc__)
    parser.add_argument("service")
    parser.add_argument("consul")
    parser.add_argument("port", type=int)
    parser.add_argument("record", type=Path)
    given = parser.parse_args()
    web.run_app(
        create_app(given.service, given.consul, given.record),
        host="127.0.0.1",
        port=given.port,
        access_log=None,
        shutdown_timeout=1,
    )
