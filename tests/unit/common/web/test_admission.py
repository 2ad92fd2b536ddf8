import json

from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from shop.common.web.admission import Admission
from shop.common.web.shedding import Shedding, SheddingOptions


class Timer:
    """What is to be called later is called when the test says so."""

    def __init__(self):
        self.waiting = []

    def __call__(self, after_s, what):
        assert after_s > 0
        self.waiting.append(what)
        return self

    def cancel(self):
        self.waiting.clear()

    def elapse(self):
        waiting, self.waiting = self.waiting, []
        for what in waiting:
            what()


def admission(timer=None):
    registry = CollectorRegistry()
    shedding = Shedding(SheddingOptions(max_in_flight=1))
    return Admission(shedding, registry, later=timer or Timer()), registry


def test_who_is_not_let_in_is_told_when_to_come_back():
    ours, _ = admission()
    assert ours.enter("get_thing", 1.0) is None
    response = ours.enter("get_thing", 1.0)
    assert response.status == 503
    assert response.content_type == "application/problem+json"
    assert response.headers["Retry-After"] == "1"
    assert json.loads(response.body)["code"] == "overloaded"


def test_requests_in_flight_and_refused_ones_are_counted():
    ours, registry = admission()
    for _ in range(3):
        ours.enter("get_thing", 1.0)
    assert registry.get_sample_value("shop_http_in_flight") == 1
    assert registry.get_sample_value("shop_http_shed_total", {"reason": "full"}) == 2
    ours.leave("get_thing", late=False)
    assert registry.get_sample_value("shop_http_in_flight") == 0


def test_the_reasons_are_counted_from_zero():
    _, registry = admission()
    for reason in ("full", "deadline"):
        assert registry.get_sample_value("shop_http_shed_total", {"reason": reason}) == 0


def test_an_overload_is_two_lines_of_log_however_long_it_lasts():
    timer = Timer()
    ours, _ = admission(timer)
    with capture_logs() as logs:
        for _ in range(3):
            for _ in range(100):
                ours.enter("get_thing", 1.0)
            timer.elapse()
        timer.elapse()
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("overloaded", "warning"),
        ("overload over", "info"),
    ]
    assert logs[0]["in_flight"] == 1
    assert logs[1]["refused"] == 299
    assert not timer.waiting


async def test_when_the_service_ends_nothing_more_is_said():
    timer = Timer()
    ours, _ = admission(timer)
    ours.enter("get_thing", 1.0)
    ours.enter("get_thing", 1.0)
    await ours.close(None)
    assert not timer.waiting


def test_the_next_overload_is_told_again():
    timer = Timer()
    ours, _ = admission(timer)
    with capture_logs() as logs:
        for _ in range(2):
            ours.enter("get_thing", 1.0)
            ours.enter("get_thing", 1.0)
            timer.elapse()
            timer.elapse()
    assert [line["event"] for line in logs] == ["overloaded", "overload over"] * 2
