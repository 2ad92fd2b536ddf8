"""The table from errors to statuses, and what a problem shows."""

import json

import pytest
from aiohttp import web

from shop.common import errors, peer, trace
from shop.common.page import InvalidCursor
from shop.common.web import problems

KINDS = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.RequestTimeout: 408,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.UnsupportedMediaType: 415,
    errors.Unprocessable: 422,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.DeadlineExceeded: 504,
}


def shown(response: web.Response) -> dict[str, object]:
    assert response.content_type == "application/problem+json"
    content = json.loads(response.body)
    assert content["status"] == response.status
    assert content["type"] == f"urn:shop:problem:{content['code']}"
    return content


def test_every_kind_of_error_has_a_status():
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    kinds = {kind for kind in kinds if issubclass(kind, errors.ShopError)} - {errors.ShopError}
    assert kinds == set(KINDS)


@pytest.mark.parametrize(("kind", "status"), KINDS.items())
def test_an_error_is_answered_by_its_kind(kind, status):
    content = shown(problems.of_shop_error(kind("This happened.")))
    assert (content["status"], content["code"], content["title"]) == (status, kind.code, kind.title)
    assert content["detail"] == "This happened."


def test_a_services_own_error_has_the_status_of_its_kind():
    class EmailTaken(errors.Conflict):
        code = "email-taken"

    assert shown(problems.of_shop_error(EmailTaken("Taken.")))["status"] == 409
    assert shown(problems.of_shop_error(InvalidCursor()))["status"] == 422


def test_fields_and_members_are_shown():
    error = errors.Unprocessable("No.", fields=[errors.FieldError("#/a", "Why.")], allowed=["x"])
    content = shown(problems.of_shop_error(error))
    assert content["errors"] == [{"pointer": "#/a", "detail": "Why."}]
    assert content["allowed"] == ["x"]


def test_members_never_stand_in_for_the_standard_ones():
    error = errors.Conflict("No.", status=200, code="fine", traceId="x", type="about:blank")
    content = shown(problems.of_shop_error(error))
    assert content["status"] == 409
    assert content["code"] == "conflict"
    assert content["traceId"] != "x"


def test_a_member_that_json_does_not_know_is_shown_as_text():
    assert shown(problems.of_shop_error(errors.Conflict("No.", member={1})))["member"] == "{1}"


def test_what_is_long_is_cut():
    fields = [errors.FieldError("#/" + "x" * 5000, "y" * 5000)] * 500
    content = shown(problems.of_shop_error(errors.Unprocessable("z" * 5000, fields=fields)))
    assert len(content["detail"]) == 2000
    assert len(content["errors"]) == 100
    assert {len(value) for value in content["errors"][0].values()} == {1000}


@pytest.mark.parametrize(("wait_s", "header"), [(1.0, "1"), (0.2, "1"), (0.0, "0"), (2.5, "3")])
def test_who_is_asked_to_come_back_is_told_when_in_whole_seconds(wait_s, header):
    response = problems.of_shop_error(errors.Unavailable("Away.", retry_after_s=wait_s))
    assert response.headers["Retry-After"] == header


def test_a_peer_that_is_away_is_503_and_what_it_said_is_not_told():
    error = peer.PeerUnavailable("product", "10.0.0.7 refused", retry_after_s=4.0)
    response = problems.of_peer_error(error)
    assert response.headers["Retry-After"] == "4"
    assert shown(response)["code"] == "unavailable"
    assert "10.0.0.7" not in response.text


def test_a_peer_that_took_all_the_time_is_504():
    content = shown(problems.of_peer_error(peer.DeadlineExceeded("late")))
    assert (content["status"], content["code"]) == (504, "deadline-exceeded")


def test_a_fault_of_ours_says_only_where_to_look():
    content = shown(problems.internal_error())
    assert (content["status"], content["code"]) == (500, "internal-error")


def test_a_wrong_method_is_told_the_right_ones():
    response = problems.of_http_exception(web.HTTPMethodNotAllowed("PUT", ["GET", "HEAD"]))
    assert response.headers["Allow"] == "GET,HEAD"
    assert shown(response)["code"] == "method-not-allowed"


def test_what_aiohttp_refuses_has_a_code_of_its_own():
    assert shown(problems.of_http_exception(web.HTTPNotFound()))["code"] == "not-found"
    too_large = problems.of_http_exception(web.HTTPRequestEntityTooLarge(1, 2))
    assert shown(too_large)["code"] == "payload-too-large"
    expectation = problems.of_http_exception(web.HTTPExpectationFailed())
    assert shown(expectation)["code"] == "expectation-failed"


def test_a_problem_names_the_trace_of_its_request():
    current = trace.Trace.of(None)
    token = trace.enter(current)
    try:
        assert shown(problems.internal_error())["traceId"] == current.trace_id
    finally:
        trace._current.reset(token)
