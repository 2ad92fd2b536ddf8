"""HTTP in and out, as a caller of any service sees it."""

import asyncio
import gzip
import json
import re
from io import BytesIO

import pytest
from structlog.testing import capture_logs
from tests.integration.common.web.tiny.handlers import SECRET

from shop.common.errors import Unavailable
from shop.common.web import READINESS

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
THING = "/api/v1/things/th_1"
THINGS = "/api/v1/things"
MIB = 1024 * 1024


async def problem(response, status: int, code: str) -> dict:
    assert response.status == status
    assert response.content_type == "application/problem+json"
    content = json.loads(await response.read())
    assert content["status"] == status
    assert content["code"] == code
    assert content["title"]
    assert content["detail"]
    assert content["type"] == f"urn:shop:problem:{code}"
    assert content["traceId"] == response.headers["traceparent"].split("-")[1]
    return content


def pointers(content: dict) -> list[str]:
    return [error["pointer"] for error in content["errors"]]


# --- Answers -------------------------------------------------------------------------------------


async def test_what_is_created_has_an_address_and_a_version(tiny):
    async with tiny.session.post(THINGS, json={"name": "one"}) as response:
        assert response.status == 201
        assert response.headers["Location"] == THING
        assert response.headers["ETag"] == '"1"'
        assert await response.json() == {"name": "one"}


async def test_what_is_known_is_not_sent_again(tiny):
    async with tiny.session.get(THING) as response:
        assert (response.status, response.headers["ETag"]) == (200, '"3"')
        tag = response.headers["ETag"]
    async with tiny.session.get(THING, headers={"If-None-Match": tag}) as response:
        assert response.status == 304
        assert response.headers["ETag"] == tag
        assert await response.read() == b""


async def test_a_stale_version_is_refused(tiny):
    async with tiny.session.put(THING, json={"name": "x"}, headers={"If-Match": '"2"'}) as response:
        await problem(response, 412, "precondition-failed")
    headers = {"If-Match": '"2", "3"'}
    async with tiny.session.put(THING, json={"name": "x"}, headers=headers) as response:
        assert (response.status, response.headers["ETag"]) == (200, '"4"')


async def test_a_header_that_breaks_its_schema_is_refused(tiny):
    headers = {"If-Match": '"' + "9" * 60 + '"'}
    async with tiny.session.put(THING, json={"name": "x"}, headers=headers) as response:
        assert pointers(await problem(response, 422, "validation-failed")) == ["If-Match"]


async def test_a_merge_patch_is_taken_under_both_its_names(tiny):
    for media_type in ("application/merge-patch+json", "application/json"):
        headers = {"Content-Type": media_type}
        async with tiny.session.patch(THING, data=b'{"name":"new"}', headers=headers) as response:
            assert response.status == 200
            assert await response.json() == {"name": "new"}


async def test_a_patch_whose_outcome_is_not_valid_is_refused(tiny):
    for patch in ({"name": None}, {"x": 1}, [], None, "x", {"name": ""}):
        headers = {"Content-Type": "application/json"}
        async with tiny.session.patch(THING, data=json.dumps(patch), headers=headers) as response:
            await problem(response, 422, "validation-failed")


async def test_a_page_leads_to_the_next_with_the_same_filters(tiny):
    async with tiny.session.get(THINGS, params={"limit": "2"}) as response:
        assert await response.json() == {"items": ["0", "1"], "nextCursor": "next"}
        link = response.headers["Link"]
    assert link == f'<{THINGS}?limit=2&cursor=next>; rel="next"'
    async with tiny.session.get(link[1 : link.index(">")]) as response:
        assert await response.json() == {"items": ["0", "1"], "nextCursor": None}
        assert "Link" not in response.headers


async def test_head_answers_as_get_without_the_body(tiny):
    async with tiny.session.get(THING) as response:
        whole = await response.read()
        headers = response.headers
    async with tiny.session.head(THING) as response:
        assert response.status == 200
        assert await response.read() == b""
        assert response.headers["Content-Length"] == str(len(whole))
        assert response.headers["ETag"] == headers["ETag"]
    async with tiny.session.head(f"{THINGS}/th_2") as response:
        assert response.status == 404
        assert await response.read() == b""


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1",
        "/api/v1/nothing",
        f"{THINGS}/",
        f"{THINGS}/nonsense",
        f"{THINGS}/th_2",
        f"{THINGS}/th_1%0A",
        f"{THINGS}/th_1%2Fmore",
        f"{THINGS}/%FF",
        "/docs/nothing.js",
        "/docs/../../../etc/passwd",
        "/docs/..%2f..%2fsetup.py",
    ],
)
async def test_what_is_nowhere_is_not_found(tiny, path):
    answer = await tiny.raw(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"application/problem+json" in answer
    assert b'"code":"not-found"' in answer


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", THINGS, {"GET", "HEAD", "POST"}),
        ("POST", THING, {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("OPTIONS", THING, {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("TRACE", THING, {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("POST", "/health/ready", {"GET", "HEAD"}),
        ("DELETE", "/docs", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(tiny, method, path, allowed):
    async with tiny.session.request(method, path) as response:
        await problem(response, 405, "method-not-allowed")
        assert set(re.split(", *", response.headers["Allow"])) == allowed


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b'{"name": "a",}',
        b"{'name': 'a'}",
        b'{"name": NaN}',
        b'\xef\xbb\xbf{"name": "a"}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a"} x',
        b"[" * 100_000,
        '{"name": "a"}'.encode("utf-16"),
    ],
)
async def test_what_is_no_json_is_malformed(tiny, sent):
    headers = {"Content-Type": "application/json"}
    async with tiny.session.post(THINGS, data=sent, headers=headers) as response:
        await problem(response, 400, "malformed-request")


@pytest.mark.parametrize(
    ("sent", "pointed_at"),
    [
        ({}, ["#/name"]),
        ({"name": 1}, ["#/name"]),
        ({"name": ""}, ["#/name"]),
        ({"name": "a", "x/y": 1}, ["#/x~1y"]),
        ([], ["#"]),
        ("x", ["#"]),
        (None, ["#"]),
        (10**40, ["#"]),
    ],
)
async def test_a_body_that_breaks_its_schema_is_pointed_at(tiny, sent, pointed_at):
    headers = {"Content-Type": "application/json"}
    async with tiny.session.post(THINGS, data=json.dumps(sent), headers=headers) as response:
        assert pointers(await problem(response, 422, "validation-failed")) == pointed_at


@pytest.mark.parametrize(
    ("query", "pointed_at"),
    [
        ("limit=0", ["?limit"]),
        ("limit=", ["?limit"]),
        ("limit=1&limit=1", ["?limit"]),
        ("Limit=1", ["?Limit"]),
        ("x", ["?x"]),
        ("%FF=%FF", ["?\ufffd"]),
        ("%00=1", ["?\x00"]),
    ],
)
async def test_a_query_that_breaks_its_schema_is_pointed_at(tiny, query, pointed_at):
    answer = await tiny.raw(
        f"GET {THINGS}?{query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert pointers(json.loads(answer.partition(b"\r\n\r\n")[2])) == pointed_at


async def test_a_query_is_refused_where_none_is_taken(tiny):
    async with tiny.session.delete(f"{THING}?force=1") as response:
        assert pointers(await problem(response, 422, "validation-failed")) == ["?force"]


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "nonsense",
    ],
)
async def test_a_body_of_another_type_is_refused(tiny, media_type):
    headers = f"Content-Type: {media_type}\r\n" if media_type is not None else ""
    answer = await tiny.raw(
        f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}"
        'Content-Length: 12\r\n\r\n{"name":"a"}'.encode()
    )
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b'"code":"unsupported-media-type"' in answer


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii"])
async def test_utf_8_by_any_name_is_taken(tiny, charset):
    headers = {"Content-Type": f"Application/JSON; charset={charset}"}
    async with tiny.session.post(THINGS, data=b'{"name":"a"}', headers=headers) as response:
        assert response.status == 201


async def test_a_body_of_1_mib_is_taken_and_one_byte_more_is_too_large(tiny):
    frame = len(b'{"name":""}')
    headers = {"Content-Type": "application/json"}
    for size, status in ((MIB, 201), (MIB + 1, 413)):
        sent = b'{"name":"%s"}' % (b"x" * (size - frame))
        async with tiny.session.post(THINGS, data=BytesIO(sent), headers=headers) as response:
            assert response.status == status
            if status == 413:
                await problem(response, 413, "payload-too-large")


async def test_a_small_body_that_unpacks_to_a_large_one_is_too_large(tiny):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    sent = gzip.compress(b'{"name":"%s"}' % (b"x" * 20 * MIB))
    async with tiny.session.post(THINGS, data=sent, headers=headers) as response:
        await problem(response, 413, "payload-too-large")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_cannot_be_unpacked_is_malformed(tiny, encoding):
    answer = await tiny.raw(
        f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\n"
        'Content-Length: 12\r\n\r\n{"name":"a"}'.encode()
    )
    assert re.match(rb"HTTP/1\.[01] 400 ", answer)
    assert b'"code":"malformed-request"' in answer


@pytest.mark.parametrize("chunk", [b"zz\r\nxx\r\n", b"5\r\nabcdefgh\r\n", b"-1\r\n\r\n"])
async def test_a_body_in_broken_chunks_is_malformed(tiny, chunk):
    answer = await tiny.raw(
        f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        + chunk
    )
    assert re.match(rb"HTTP/1\.[01] 400 ", answer)
    assert b'"code":"malformed-request"' in answer


async def test_a_caller_who_goes_in_the_middle_of_a_body_is_no_fault_of_ours(tiny):
    with capture_logs() as logs:
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
            writer.write(
                f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                'Content-Length: 1000\r\n\r\n{"name"'.encode()
            )
            await writer.drain()
            writer.transport.abort()
        async with tiny.session.get(THING) as response:
            assert response.status == 200
    assert [line for line in logs if line["log_level"] in ("error", "warning")] == []


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS
        b"{}\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_problem_too_and_ends_the_connection(tiny, sent):
    answer = await tiny.raw(sent)  # returns at the end of the connection
    head, _, sent_back = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.[01] 400 ", head)
    assert b"application/problem+json" in head
    content = json.loads(sent_back)
    assert (content["status"], content["code"]) == (400, "malformed-request")
    assert re.fullmatch("[0-9a-f]{32}", content["traceId"])


async def test_what_follows_a_good_request_on_its_connection_may_be_no_http(tiny):
    reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
    writer.write(f"GET {THING} HTTP/1.1\r\nHost: a\r\ntraceparent: {TRACEPARENT}\r\n\r\n".encode())
    good = await reader.readuntil(b"}")
    assert good.startswith(b"HTTP/1.1 200 ")
    writer.write(b"nonsense\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert b'"code":"malformed-request"' in answer
    assert TRACE_ID.encode() not in answer, "it is not of the first one's trace"


async def test_an_expectation_is_met_or_refused(tiny):
    def request(expected: str) -> bytes:
        return (
            f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: {expected}\r\n"
            'Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{"name":"a"}'.encode()
        )

    met = await tiny.raw(request("100-continue"))
    assert met.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 201 " in met
    refused = await tiny.raw(request("miracles"))
    assert refused.startswith(b"HTTP/1.1 417 ")
    assert b"application/problem+json" in refused
    assert b'"code":"expectation-failed"' in refused


# --- Faults --------------------------------------------------------------------------------------


async def test_a_fault_of_ours_is_logged_and_not_shown(tiny):
    with capture_logs() as logs:
        async with tiny.session.get("/api/v1/odd/fail") as response:
            await problem(response, 500, "internal-error")
            assert SECRET not in await response.text()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["unexpected error"]


@pytest.mark.parametrize("what", ["away", "peer-away"])
async def test_what_is_needed_and_away_is_503_with_a_time_to_come_back(tiny, what):
    async with tiny.session.get(f"/api/v1/odd/{what}") as response:
        await problem(response, 503, "unavailable")
        assert response.headers["Retry-After"] == {"away": "3", "peer-away": "1"}[what]
        assert SECRET not in await response.text()


async def test_a_peer_that_is_too_slow_is_504(tiny):
    async with tiny.session.get("/api/v1/odd/peer-slow") as response:
        await problem(response, 504, "deadline-exceeded")
        assert SECRET not in await response.text()


async def test_a_conflict_has_its_members(tiny):
    async with tiny.session.get("/api/v1/odd/conflict") as response:
        content = await problem(response, 409, "conflict")
        assert content["allowedTransitions"] == ["pay"]


async def test_a_request_is_given_no_more_than_it_asks_for(tiny):
    headers = {"Request-Timeout-Ms": "50"}
    async with tiny.session.get("/api/v1/odd/wait", headers=headers) as response:
        await problem(response, 504, "deadline-exceeded")


async def test_nor_more_than_the_service_gives(serve):
    tiny = await serve(request_timeout_s=0.05)
    headers = {"Request-Timeout-Ms": "600000"}
    async with tiny.session.get("/api/v1/odd/wait", headers=headers) as response:
        await problem(response, 504, "deadline-exceeded")


@pytest.mark.parametrize(
    ("asked", "most_s"), [("2000", 2), ("0", 0), ("x", 10), ("-5", 10), ("1e3", 10), ("9" * 50, 10)]
)
async def test_the_time_that_is_left_is_known_to_the_handler(tiny, asked, most_s):
    headers = {"Request-Timeout-Ms": asked}
    async with tiny.session.get("/api/v1/odd/deadline", headers=headers) as response:
        left_s = (await response.json())["left_s"]
    assert left_s <= most_s
    assert (left_s > 0) == (most_s > 0)


# --- Traces, logs, metrics, health, docs ---------------------------------------------------------


async def test_a_trace_is_continued_returned_and_handed_on(tiny):
    headers = {"traceparent": TRACEPARENT}
    async with tiny.session.get("/api/v1/odd/outgoing", headers=headers) as response:
        returned = response.headers["traceparent"]
        assert returned.split("-")[1] == TRACE_ID
        assert returned != TRACEPARENT, "the span is our own"
        assert await response.json() == {"traceparent": returned}


@pytest.mark.parametrize("given", [None, "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01"])
async def test_a_trace_is_started_where_there_is_none(tiny, given):
    headers = {"traceparent": given} if given else {}
    seen = set()
    for _ in range(3):
        async with tiny.session.get(THING, headers=headers) as response:
            assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", response.headers["traceparent"])
            seen.add(response.headers["traceparent"].split("-")[1])
    assert len(seen) == 3


async def test_a_request_is_one_line_of_log(tiny):
    with capture_logs() as logs:
        async with tiny.session.get(THING) as response:
            assert response.status == 200
        async with tiny.session.get("/nothing") as response:
            assert response.status == 404
    assert [(line["operation"], line["path"], line["status"]) for line in logs] == [
        ("get_thing", THING, 200),
        ("-", "-", 404),  # what nobody knows may be anything: an address, too
    ]


async def test_requests_are_counted_by_operation_and_status(tiny):
    for path in (THING, THING, f"{THINGS}/th_2"):
        async with tiny.session.get(path):
            pass
    async with tiny.session.get("/metrics") as response:
        assert response.content_type == "text/plain"
        shown = await response.text()
    name = "shop_http_request_seconds_count"
    assert f'{name}{{operation="get_thing",status="200"}} 2.0' in shown
    assert f'{name}{{operation="get_thing",status="404"}} 1.0' in shown
    assert "process_resident_memory_bytes" in shown


async def test_the_request_log_can_be_switched_off_faults_are_told_still(serve):
    quiet = await serve(request_log=False)
    with capture_logs() as logs:
        for path in (THING, "/nothing", "/api/v1/odd/fail"):
            async with quiet.session.get(path) as response:
                assert response.headers["traceparent"]
    assert [line["event"] for line in logs] == ["unexpected error"]


async def test_metrics_can_be_switched_off(serve):
    plain = await serve(metrics=False)
    async with plain.session.get(THING) as response:
        assert response.status == 200
    async with plain.session.get("/metrics") as response:
        await problem(response, 404, "not-found")


async def test_addresses_that_nobody_planned_make_no_metrics(tiny):
    for number in range(5):
        async with tiny.session.get(f"/nothing/{number}"):
            pass
    async with tiny.session.get("/metrics") as response:
        assert "nothing" not in await response.text()


async def test_two_apps_in_one_process_count_apart(tiny, serve):
    other = await serve()
    async with tiny.session.get(THING):
        pass
    async with other.session.get("/metrics") as response:
        assert "get_thing" not in await response.text()


async def test_health(tiny):
    for path, status in (("/health/live", "live"), ("/health/ready", "ready")):
        async with tiny.session.get(path) as response:
            assert (response.status, await response.json()) == (200, {"status": status})


async def test_without_its_database_it_is_live_but_not_ready(tiny):
    async def check():
        raise Unavailable("The database cannot be reached.")

    tiny.app[READINESS].checks.append(check)
    async with tiny.session.get("/health/ready") as response:
        await problem(response, 503, "unavailable")
        assert "Retry-After" in response.headers
    async with tiny.session.get("/health/live") as response:
        assert response.status == 200


async def test_while_it_stops_it_is_not_ready_but_still_serves(tiny):
    tiny.app[READINESS].stopping = True
    async with tiny.session.get("/health/ready") as response:
        await problem(response, 503, "unavailable")
    for path in ("/health/live", THING):
        async with tiny.session.get(path) as response:
            assert response.status == 200


async def test_the_spec_is_shown_as_it_is(tiny):
    async with tiny.session.get("/swagger.json") as response:
        assert response.content_type == "application/json"
        content = await response.json()
    assert content["swagger"] == "2.0"
    assert content["paths"]["/things"]["get"]["operationId"] == "list_things"


async def test_the_docs_need_no_network(tiny):
    async with tiny.session.get("/docs") as response:
        assert response.content_type == "text/html"
        page = await response.text()
    assert "tiny &amp; small" in page
    assert "//" not in re.sub(r"<!--.*?-->", "", page), "nothing is asked of another host"
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) == 3
    for path in assets:
        async with tiny.session.get(path) as response:
            assert response.status == 200
            assert len(await response.read()) > 500
    assert "/docs/swagger.json" in page


async def test_the_docs_take_a_token_and_leave_the_spec_as_it_is(tiny):
    async with tiny.session.get("/docs/swagger.json") as response:
        tried = await response.json()
    async with tiny.session.get("/swagger.json") as response:
        spec = await response.json()
    token = tried["securityDefinitions"]["token"]
    assert (token["type"], token["in"], token["name"]) == ("apiKey", "header", "Authorization")
    assert tried["paths"] == spec["paths"]  # all of these are for everyone


# --- Life ----------------------------------------------------------------------------------------


async def test_a_request_in_flight_is_finished_before_the_end(serve):
    tiny = await serve()
    asking = asyncio.create_task(tiny.session.get("/api/v1/odd/wait"))
    await tiny.state.entered.wait()
    ending = asyncio.create_task(tiny.runner.cleanup())
    while tiny.runner.sites:
        await asyncio.sleep(0.01)
    assert tiny.state.finished == []
    tiny.state.go.set()
    async with await asking as response:
        assert response.status == 200
    await ending
    assert tiny.state.finished == ["wait"]


async def test_a_caller_who_hangs_up_does_not_stop_what_it_started(tiny):
    asking = asyncio.create_task(tiny.session.get("/api/v1/odd/wait"))
    await tiny.state.entered.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    tiny.state.go.set()
    while not tiny.state.finished:
        await asyncio.sleep(0.01)
    assert tiny.state.finished == ["wait"]
