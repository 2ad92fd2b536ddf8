"""Where spans are sent: as OpenTelemetry's variables say, or to nobody."""

import subprocess
import sys

import pytest

from shop.common import otlp, spans, trace
from shop.common.settings import ConfigError


@pytest.fixture(autouse=True)
def clear(monkeypatch):
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "PROTOCOL", "TRACES_PROTOCOL"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)


def test_without_an_endpoint_nothing_is_imported():
    script = (
        "import sys; from shop.common.otlp import exporting\n"
        "with exporting('order'): print([n for n in sys.modules if 'opentelemetry' in n])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")]
)
def test_it_can_be_switched_off_beside_an_endpoint(monkeypatch, variable, value):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv(variable, value)
    with otlp.exporting("order"):
        assert spans.recorder is None


def test_where_the_extra_is_missing_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "shop.common.otel_spans", None)
    with pytest.raises(ConfigError, match=r"install shop\[otel\]"), otlp.exporting("order"):
        pass


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "must begin with http"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "4318"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(monkeypatch, variable, value, said):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=said) as refused, otlp.exporting("order"):
        pass
    assert str(refused.value).startswith(variable)


def test_a_new_trace_is_sampled_as_the_environment_says(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    with otlp.exporting("order"):
        assert trace.Trace.of(None).flags == trace.NOT_SAMPLED
        told = trace.Trace.of(f"00-{'a' * 32}-{'b' * 16}-01")
        assert told.flags == trace.SAMPLED
    assert trace.Trace.of(None).flags == trace.SAMPLED
    assert spans.recorder is None
