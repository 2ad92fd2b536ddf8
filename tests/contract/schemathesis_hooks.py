"""What schemathesis is told beside the Swagger files, because they cannot say it.

KNOWN_IDS names a JSON file, ``{"customerId": [...], ...}``: ids that exist. ANSWERS names the file
that gets the count of answers, ``{operation: {status: count}}``.
"""

import atexit
import json
import os
import random
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, DeserializationContext, HookContext, Response

_ANY_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}\Z")
_ids: dict[str, list[str]] = json.loads(Path(os.environ["KNOWN_IDS"]).read_text())
_answers: defaultdict[str, Counter[int]] = defaultdict(Counter)
_chance = random.Random(1)

_KEY_REUSED = ("idempotency-key-reused", "Idempotency-Key")
# What no Swagger file can say: code, and where it points to, by operation.
_REFUSALS: dict[str, tuple[tuple[str, str], ...]] = {
    "list": (("invalid-cursor", r"\?cursor"),),
    "watch": (("invalid-cursor", "Last-Event-ID"),),
    "create_customer": (_KEY_REUSED,),
    "create_product": (_KEY_REUSED,),
    "adjust_stock": (_KEY_REUSED,),
    "link_order": (("validation-failed", "#/total"),),
    "patch_order": (("validation-failed", "#/shippingAddress/.*"),),
    "patch_product": (("validation-failed", "#/attributes"),),  # more than 50, once merged
    "reserve_stock": (
        ("unknown-product", "#/lines/[0-9]+/productId"),
        ("mixed-currencies", ""),
        ("total-too-large", ""),
    ),
    "batch_reservations": (("validation-failed", "#/operations/[0-9]+/(lines|ttlSeconds)"),),
    "batch_customer_orders": (
        (
            "validation-failed",
            "#/operations/[0-9]+/(status|total|placedAt|orderVersion)",
        ),
    ),
    "place_order": (
        _KEY_REUSED,
        ("unknown-customer", "#/customerId"),
        ("inactive-customer", "#/customerId"),
        ("unknown-product", "#/lines/[0-9]+/productId"),
        ("mixed-currencies", ""),
        ("total-too-large", ""),
    ),
}


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Put ids that exist in the place of generated ones, for most of the cases."""
    stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if not stateful and isinstance(case.path_parameters, dict):  # there they come from answers
        if case.operation.definition.raw["operationId"] == "reserve_stock":
            _use_new(case.path_parameters)
        else:
            _use_known(case.path_parameters)
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _use_good_headers(case.headers)
    if isinstance(case.body, dict):
        _use_known(case.body)
        if _chance.random() < 0.8:  # a generated one is never the real one
            case.body.pop("expectedTotal", None)
        _use_known_in(case.body.get("lines"))
        for operation in _use_known_in(case.body.get("operations")):
            _use_known_in(operation.get("lines"))


def _use_known(place: dict[str, Any]) -> None:
    for name, known in _ids.items():
        given = place.get(name)
        generated = isinstance(given, str) and _ANY_ID.match(given) and given not in known
        if generated and known and _chance.random() < 0.8:
            place[name] = _chance.choice(known)


def _use_known_in(places: Any) -> list[dict[str, Any]]:
    found = (
        [place for place in places if isinstance(place, dict)] if isinstance(places, list) else []
    )
    for place in found:
        _use_known(place)
    return found


def _use_new(place: dict[str, Any]) -> None:
    """Reserve for another order each time: for one that has a reservation little can happen."""
    given = place.get("orderId")
    if isinstance(given, str) and _ANY_ID.match(given) and _chance.random() < 0.8:
        place["orderId"] = f"{_chance.getrandbits(128):x}"


def _use_good_headers(headers: Any) -> None:
    """Name versions that there may be, and keys that are new: generated ones are mostly refused."""
    if "Idempotency-Key" in (headers or {}) and _chance.random() < 0.8:
        headers["Idempotency-Key"] = f"{_chance.getrandbits(128):x}"
    for name in ("If-Match", "If-None-Match"):
        if name in (headers or {}) and _chance.random() < 0.8:
            headers[name] = _chance.choice(["*", "*", '"1"', '"2", "1"', 'W/"1"'])


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """Count the answer; and give one that has no body the type that is asked of all.

    Swagger 2.0 declares types for a whole operation, so the check of them cannot know that 204 and
    304 have none.
    """
    if case.method.lower() == case.operation.method.lower():
        _answers[case.operation.definition.raw["operationId"]][response.status_code] += 1
    if response.status_code in (204, 304):
        assert not response.content
        assert "content-type" not in response.headers
        response.headers["content-type"] = ["application/json"]


@schemathesis.deserializer("text/event-stream")
def as_it_came(context: DeserializationContext, response: Response) -> str:
    """Take a stream as text: Swagger 2.0 has no words for its events."""
    return response.content.decode()


@schemathesis.check
def refused_for_a_good_reason(ctx: CheckContext, response: Response, case: Case) -> None:
    """What keeps to the file is refused with 422 only for what the file cannot say."""
    if response.status_code != 422 or case.meta is None or case.meta.generation.mode.is_negative:
        return
    problem = response.json()
    name = case.operation.definition.raw["operationId"]
    kind = name.partition("_")[0]
    reasons = _REFUSALS.get(kind if kind in ("list", "watch") else name, ())
    pointers = [error["pointer"] for error in problem.get("errors", [])] or [""]
    for pointer in pointers:
        assert any(problem["code"] == code and re.fullmatch(p, pointer) for code, p in reasons), (
            f"422 {problem['code']} at {pointer or 'no pointer'}: {problem['detail']}"
        )


@schemathesis.check
def problems_are_problems(ctx: CheckContext, response: Response, case: Case) -> None:
    """Whatever is refused, on whatever method, is problem+json, with the status it came with."""
    if response.status_code >= 400 and case.method.upper() not in ("HEAD", "TRACE"):
        assert response.headers["content-type"][0].startswith("application/problem+json")
        problem = response.json()
        assert problem["status"] == response.status_code
        assert re.fullmatch("[0-9a-f]{32}", problem["traceId"])


@atexit.register
def _report() -> None:
    Path(os.environ["ANSWERS"]).write_text(json.dumps(_answers))
