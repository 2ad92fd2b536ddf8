"""Our spans as OpenTelemetry's. Imports the SDK: to be imported only where spans are sent."""

import os
import socket
from collections.abc import Callable
from typing import cast

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from shop.common.spans import Kind, Span

_KINDS = {
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.INTERNAL: SpanKind.INTERNAL,
}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class _Given(IdGenerator):
    """Gives the ids that the next span is to have: ours."""

    def __init__(self) -> None:
        self.trace_id = self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


def provider(name: str, version: str) -> TracerProvider:
    """Return what makes spans, and sends them as the environment says."""
    about = {
        "service.namespace": "shop",
        "service.version": version,
        "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
    }
    if not os.environ.get("OTEL_SERVICE_NAME"):
        about["service.name"] = name
    made = TracerProvider(
        resource=Resource.create(about), id_generator=_Given(), shutdown_on_exit=False
    )
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


def sampler(provider: TracerProvider) -> Callable[[str], bool]:
    """Return what decides of a new trace, as ``OTEL_TRACES_SAMPLER`` says."""
    decide, kept = provider.sampler.should_sample, Decision.RECORD_AND_SAMPLE
    return lambda trace_id: decide(None, int(trace_id, 16), "").decision is kept


class Recorder:
    """Makes a span of each of ours when it has ended. All from one thread, that of the loop."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("shop")
        self._ids = cast(_Given, provider.id_generator)

    def __call__(self, span: Span) -> None:
        """Take a span that has ended."""
        ours, ids = span.trace, self._ids
        ids.trace_id, ids.span_id = int(ours.trace_id, 16), int(ours.span_id, 16)
        parent = _context(ours.trace_id, ours.parent_id) if ours.parent_id else None
        made = self._tracer.start_span(
            span.name,
            context=set_span_in_context(NonRecordingSpan(parent or SpanContext(0, 0, False))),
            kind=_KINDS[span.kind],
            attributes=span.attributes,
            links=[Link(_context(each.trace_id, each.span_id)) for each in span.links],
            start_time=span.began_ns,
        )
        if span.error is not None:
            made.set_attribute("error.type", span.error)
            made.set_status(Status(StatusCode.ERROR))
        made.end(span.ended_ns)


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=_SAMPLED)
