"""CORS: who may call from a browser, and what for."""

import pytest

ORIGIN = "https://shop.example"
THING = "/api/v1/things/th_1"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "content-type,if-match",
}


@pytest.fixture
async def tiny(serve):
    return await serve(cors_origins=(ORIGIN, "https://admin.example"))


async def test_by_default_no_page_may_call(serve):
    tiny = await serve()
    async with tiny.session.get(THING, headers={"Origin": ORIGIN}) as response:
        assert not [name for name in response.headers if name.startswith("Access-Control")]
    async with tiny.session.options(THING, headers=PREFLIGHT) as response:
        assert response.status == 405
        assert not [name for name in response.headers if name.startswith("Access-Control")]


async def test_a_page_of_a_known_origin_may_call_and_see(tiny):
    async with tiny.session.get(THING, headers={"Origin": ORIGIN}) as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        shown = response.headers["Access-Control-Expose-Headers"]
    assert {"ETag", "Link", "Location", "Retry-After"} <= set(shown.split(", "))


async def test_a_preflight_is_told_methods_and_headers(tiny):
    async with tiny.session.options(THING, headers=PREFLIGHT) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
        allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    taken = {"content-type", "if-match", "if-none-match", "idempotency-key", "request-timeout-ms"}
    assert taken <= set(allowed)


async def test_errors_can_be_seen_too(tiny):
    for path in ("/nothing", "/api/v1/odd/fail", "/api/v1/odd/away"):
        async with tiny.session.get(path, headers={"Origin": ORIGIN}) as response:
            assert response.status >= 400
            assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{ORIGIN}.evil.example", ORIGIN.upper(), f"{ORIGIN}:1"],
)
async def test_a_page_of_another_origin_may_not(tiny, origin):
    for request in (
        tiny.session.get(THING, headers={"Origin": origin}),
        tiny.session.options(THING, headers={**PREFLIGHT, "Origin": origin}),
    ):
        async with request as response:
            assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_cache_in_between_keeps_the_answers_to_different_origins_apart(tiny):
    for headers in ({}, {"Origin": ORIGIN}, {"Origin": "https://evil.example"}):
        async with tiny.session.get(THING, headers=headers) as response:
            assert response.headers.getall("Vary", []) == ["Origin"]


async def test_an_options_request_that_is_no_preflight_is_a_wrong_method(tiny):
    async with tiny.session.options(THING, headers={"Origin": ORIGIN}) as response:
        assert response.status == 405


async def test_any_page_may_call_where_that_is_configured(serve):
    tiny = await serve(cors_origins=("*",))
    async with tiny.session.get(THING, headers={"Origin": "https://any.example"}) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "https://any.example"
        assert "Access-Control-Allow-Credentials" not in response.headers
