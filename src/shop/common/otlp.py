"""Sends spans to a collector, by OpenTelemetry's SDK (extra ``shop[otel]``) and OTLP over HTTP.

The settings are OpenTelemetry's own, ``OTEL_...``. Nothing is imported unless an endpoint is set.
A thread of the SDK sends what has ended, in batches, out of a queue that has a bound: where the
collector is away or slow, spans are dropped, and no request waits.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shop import __version__
from shop.common import spans, trace
from shop.common.settings import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"
_LAST_S = 2.0  # for what is still to be sent when the process ends


@contextmanager
def exporting(name: str) -> Iterator[None]:
    """Send the spans of the service of this name, if the environment says where to.

    Raises ConfigError where it says something that cannot be done.
    """
    endpoint = _endpoint()
    if endpoint is None:
        yield
        return
    provider = _provider(name, endpoint)
    try:
        yield
    finally:
        spans.record_by(None)
        trace.sample_by(None)
        last = threading.Thread(target=provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_S)


def _endpoint() -> str | None:
    """Return the variable that names the collector; None: nothing is to be sent."""
    found = next((variable for variable in _ENDPOINTS if os.environ.get(variable)), None)
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if found is None or off or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    if not os.environ[found].startswith(("http://", "https://")):
        raise ConfigError(f"{found}: must begin with http:// or https://")
    protocol = next((os.environ[each] for each in _PROTOCOLS if os.environ.get(each)), _SPOKEN)
    if protocol != _SPOKEN:
        raise ConfigError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL: only {_SPOKEN} is spoken (given: {protocol!r});"
            " its usual port is 4318."
        )
    return found


def _provider(name: str, endpoint: str) -> "TracerProvider":
    try:
        from shop.common import otel_spans
    except ImportError:
        raise ConfigError(
            f"{endpoint}: OpenTelemetry is not installed; install shop[otel], or unset it."
        ) from None
    provider = otel_spans.provider(name, __version__)
    spans.record_by(otel_spans.Recorder(provider))
    trace.sample_by(otel_spans.sampler(provider))
    return provider
