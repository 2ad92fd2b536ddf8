"""A collector of traces, as OTLP over HTTP has it: it keeps the spans that it is sent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Sent:
    """A span, and the service that sent it. Ids as hexadecimal digits; no parent: empty."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    attributes: dict[str, Any]
    links: tuple[str, ...]
    failed: bool


class Collector:
    """What has come: as spans, and as it came."""

    def __init__(self) -> None:
        self.spans: list[Sent] = []
        self.bodies: list[bytes] = []
        self._grown = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.bodies.append(body)
        sent = ExportTraceServiceRequest.FromString(body)
        async with self._grown:
            for each in sent.resource_spans:
                service = _attributes(each.resource.attributes)["service.name"]
                for scope in each.scope_spans:
                    self.spans += [_span(service, span) for span in scope.spans]
            self._grown.notify_all()
        answer = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type="application/x-protobuf")

    def of(self, trace_id: str) -> list[Sent]:
        """Return the spans of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    async def until(self, enough: Callable[[], bool], within_s: float = 60) -> None:
        """Return once enough has come."""
        async with asyncio.timeout(within_s), self._grown:
            await self._grown.wait_for(enough)


def _span(service: str, span: Any) -> Sent:
    return Sent(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        _attributes(span.attributes),
        tuple(link.trace_id.hex() for link in span.links),
        span.status.code == 2,
    )


def _attributes(found: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in found}


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    """Give a collector, and its address."""
    collector, app = Collector(), web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield collector, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
