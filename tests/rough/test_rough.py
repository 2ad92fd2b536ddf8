"""Every operation of the three Swagger files, attacked on the raw HTTP level.

ROUGH_EXAMPLES: how many rounds of each kind over all operations (4; more are drawn anew each time);
ROUGH_REPORT: a file that gets what was tried, and how it was answered.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rough import addresses, bodies
from tests.rough.callers import forgeries
from tests.rough.framing import framings
from tests.rough.operations import Sample, samples
from tests.rough.stand import Stand
from tests.rough.wire import Request

from shop.common.caller import Kind

SERVICES = ("customer", "product", "order")
SAMPLES = {service: samples(service) for service in SERVICES}
LISTS = {
    service: [s for s in SAMPLES[service] if s.operation.id.startswith("list_")]
    for service in SERVICES
}
# What may come of a body that the schema takes, or that says less than it seems to.
LEGAL = {200, 201, 202, 204, 304, 404, 409, 412, 422}
RSS_MB = 400.0  # at the start it is about 75
PROFILE = settings.get_profile("rough")

pytestmark = pytest.mark.timeout(1800)

Body = Callable[[Any], st.SearchStrategy[bytes]]
BODIES: dict[str, tuple[Body, set[int]]] = {
    "types": (bodies.types, LEGAL),
    "numbers": (bodies.numbers, LEGAL | {400}),
    "texts": (bodies.texts, LEGAL | {400}),
    "names": (bodies.names, LEGAL),
    "operators": (bodies.operators, LEGAL),
    "deep": (bodies.deep, {400, 422}),
    "lists": (bodies.lists, LEGAL | {400}),
    "duplicates": (bodies.duplicates, {400}),
    "cut": (bodies.cut, LEGAL | {400}),
}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def with_body(service: str) -> list[Sample]:
    return [sample for sample in SAMPLES[service] if sample.example is not None]


@pytest.mark.parametrize("kind", BODIES)
@settings(PROFILE)
@given(data=st.data())
async def test_bodies_are_taken_or_refused(stand: Stand, service: str, kind: str, data: Any):
    strategy, expected = BODIES[kind]
    for sample in with_body(service):
        body = data.draw(strategy(sample.document(stand.ids)), sample.id)
        answer = await stand.ask(service, f"body: {kind}", stand.request(sample, body))
        assert answer is not None, sample.id
        assert answer.status in expected, (sample.id, body[:500], answer)


@settings(PROFILE)
@given(data=st.data())
async def test_bodies_in_wrong_encodings_are_refused(stand: Stand, service: str, data: Any):
    for sample in with_body(service):
        media_type = sample.operation.consumes[0]
        body, headers = data.draw(
            bodies.encodings(sample.document(stand.ids), media_type), sample.id
        )
        good = stand.request(sample)
        shown = [header for header in good.headers if header[0] == "Authorization"]
        request = Request(good.method, good.target, [*shown, *headers], body)
        answer = await stand.ask(service, "body: encodings", request)
        assert answer is not None, sample.id
        assert answer.status in LEGAL | {400, 413, 415}, (sample.id, answer)


@settings(PROFILE)
@given(data=st.data())
async def test_queries_are_read_as_text_or_refused(stand: Stand, service: str, data: Any):
    for sample in SAMPLES[service]:
        names = [parameter["name"] for parameter in sample.operation.declared("query")]
        kind, strategy = data.draw(
            st.sampled_from(
                [
                    ("query: values, operators", addresses.queries(names or ["limit"])),
                    ("query: floods", addresses.floods(names or ["limit"])),
                ]
            )
        )
        query = data.draw(strategy, sample.id)
        request = stand.request(sample)
        request = Request(
            request.method, request.target + b"?" + query.encode(), request.headers, request.body
        )
        answer = await stand.ask(service, kind, request)
        allowed = {400, 404, 422} | ({200} if names else set())
        assert answer is not None, sample.id
        assert answer.status in allowed, (sample.id, query, answer)


@settings(PROFILE)
@given(data=st.data())
async def test_paths_lead_to_nothing(stand: Stand, service: str, data: Any):
    for sample in SAMPLES[service]:
        target = data.draw(addresses.paths(sample.path(stand.ids)), sample.id)
        good = stand.request(sample)
        request = Request(good.method, target.encode(), good.headers, good.body)
        answer = await stand.ask(service, "path", request)
        # An id may be any text of 64 letters: under some, something can be reserved.
        allowed = {400, 404, 405, 422, 200, 201}
        assert answer is not None, sample.id
        assert answer.status in allowed, (sample.id, target, answer)


@settings(PROFILE)
@given(data=st.data())
async def test_headers_are_read_or_refused(stand: Stand, service: str, data: Any):
    for sample in SAMPLES[service]:
        kind, strategy = data.draw(
            st.sampled_from(
                [
                    ("header: values", addresses.headers()),
                    ("header: floods", addresses.header_floods()),
                ]
            )
        )
        odd = data.draw(strategy, sample.id)
        request = stand.request(sample)
        request = Request(request.method, request.target, [*request.headers, *odd], request.body)
        answer = await stand.ask(service, kind, request)
        allowed = LEGAL | {400, 417, 504}  # 504: Request-Timeout-Ms may be short
        assert answer is None or answer.status in allowed, (sample.id, odd, answer)


@settings(PROFILE)
@given(data=st.data())
async def test_what_is_badly_framed_is_answered_once_and_ends(
    stand: Stand, service: str, data: Any
):
    for sample in SAMPLES[service]:
        sent = data.draw(framings(), sample.id)(stand.request(sample))
        answer = await stand.ask(service, "framing", sent)
        assert answer is not None, (sample.id, sent[:500])


@settings(PROFILE)
@given(data=st.data())
async def test_forged_cursors_are_refused_or_show_what_the_list_shows(
    stand: Stand, service: str, data: Any
):
    for sample in LISTS[service]:
        cursor = data.draw(addresses.cursors(stand.cursors), sample.id)
        staff = [stand.callers.header(Kind.STAFF)]
        path = sample.path(stand.ids)
        request = Request("GET", f"{path}?limit=1&cursor={cursor}".encode(), staff)
        answer = await stand.ask(service, "cursor", request)
        assert answer is not None, cursor
        if answer.status == 200:
            whole = Request("GET", f"{path}?limit=100".encode(), staff)
            everything = json.loads((await stand.ask(service, "cursor: whole list", whole)).body)
            shown = json.loads(answer.body)["items"]
            if everything["nextCursor"] is None:
                assert all(item in everything["items"] for item in shown), cursor
        else:
            code = json.loads(answer.body)["code"]
            assert (answer.status, code) in {
                (422, "invalid-cursor"),
                (422, "validation-failed"),  # longer than the file allows
            }, (cursor, answer)


@settings(PROFILE)
@given(data=st.data())
async def test_forged_tokens_let_nobody_in(stand: Stand, service: str, data: Any):
    for sample in SAMPLES[service]:
        if not sample.kinds:
            continue
        shown = stand.callers.forge(data.draw(forgeries(), sample.id))
        answer = await stand.ask(service, "token", sample.request(stand.ids, [shown]))
        assert answer is not None, (sample.id, shown)
        assert answer.status in {400, 401}, (sample.id, shown, answer)


async def test_what_is_thrown_gets_past_access_control(stand: Stand, service: str):
    for sample in SAMPLES[service]:
        for turn in range(len(sample.kinds)):
            answer = await stand.ask(service, "as one who may", stand.request(sample))
            assert answer is not None, sample.id
            assert answer.status not in {401, 403}, (sample.id, turn, answer)


async def test_every_kind_was_thrown_at_every_operation():
    assert all(SAMPLES.values())
    assert all(
        sample.example is not None
        for sample in SAMPLES["order"]
        if sample.operation.declared("body")
    )


async def test_afterwards_all_are_well_and_nothing_was_told(stand: Stand, service: str):
    """Runs last in this file: memory within bounds, no fault and no content in the log."""
    for name in SERVICES:
        ready = await stand.ask(name, "health", Request("GET", b"/health/ready"))
        assert ready is not None
        assert ready.status == 200
    assert stand.rss_mb(service) < RSS_MB
    told = stand.lines(service)
    assert any('"event":"request"' in line for line in told)
    faults = [line for line in told if "Traceback" in line or '"level":"error"' in line]
    assert faults == []
    assert [line for line in told if "Bearer" in line or "eyJ" in line] == []
    paths = [json.loads(line).get("path", "") for line in told if line.startswith("{")]
    assert [line for line in told if bodies.MARK in line] == [p for p in paths if bodies.MARK in p]
