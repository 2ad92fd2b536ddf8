"""Each cell of the matrix in docs/security.md, asked over HTTP: who may do what, and who may not.

The cells are read from the document; a contract test holds the document to the Swagger files.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.asking import Answer
from tests.integration.access.callers import ALL, SERVICES, Callers, service, shopper, staff
from tests.integration.access.cases import CASES, Call, new_customer

from shop.common.web.spec import Spec

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"


def matrix() -> dict[str, dict[str, str]]:
    """Return the cells of the document, by method and path, then by column."""
    made = DOCUMENT.read_text("utf-8").partition("<!-- made by")[2]
    lines = made.partition("<!-- end")[0].splitlines()
    head, _, *rows = [line.split("|")[1:-1] for line in lines if line.startswith("| ")]
    columns = [name.strip() for name in head]
    return {
        row[0].strip(" `"): dict(zip(columns[1:], map(str.strip, row[1:]), strict=True))
        for row in rows
    }


MATRIX = matrix()
OPERATIONS = {
    operation.id: f"{operation.method} {operation.path.removeprefix('/api/v1')}"
    for name in SERVICES
    for operation in Spec.of(f"shop.{name}").operations()
}
CELLS = [
    (operation, column, cell)
    for operation, where in OPERATIONS.items()
    for column, cell in MATRIX[where].items()
    if column != "scope"
]


def token_of(column: str, scope: str, own: str) -> str | None:
    """Return the token that a caller of this column shows."""
    named = set(re.findall(r"`([^`]+)`", scope))
    return {
        "anyone": None,
        "shopper, own": shopper(own),
        "shopper, another's": shopper(own),
        "staff with the scope": staff(named or ALL),
        "staff without": staff(ALL - named),
        "order service": service("order"),
        "another service": service("billing"),
    }[column]


def test_every_operation_has_a_row_and_a_case():
    assert set(OPERATIONS.values()) == set(MATRIX)
    assert OPERATIONS.keys() == CASES.keys()
    assert len(CELLS) == 7 * len(OPERATIONS)


@pytest.mark.parametrize(("operation", "column", "cell"), CELLS)
async def test_a_cell_is_what_the_service_answers(callers: Callers, operation, column, cell):
    mine, theirs = await new_customer(callers), await new_customer(callers)
    about = theirs if column == "shopper, another's" else mine
    call = await CASES[operation](callers, about)
    before = await shown(callers, call)
    who = token_of(column, MATRIX[OPERATIONS[operation]]["scope"], mine)
    answer = await callers.ask(who, call.method, call.path, call.body)
    check(answer, cell)
    if cell != "yes" and call.shown:
        assert await shown(callers, call) == before  # who is refused has changed nothing


async def shown(callers: Callers, call: Call) -> Any:
    """Return what the order service, which may read all of it, sees of the call's subject."""
    if call.shown is None:
        return None
    who = staff() if call.shown.startswith("/orders") else service("order")
    return (await callers.ask(who, "GET", call.shown)).body


def check(answer: Answer, cell: str) -> None:
    """Hold an answer to what its cell says."""
    challenge = answer.headers.get("WWW-Authenticate", "")
    match cell:
        case "yes":
            assert answer.status < 300, answer
        case "401":
            assert answer.code == (401, "unauthenticated")
            assert challenge == 'Bearer realm="shop"'
        case "403":
            assert answer.code == (403, "insufficient-scope")
            assert 'error="insufficient_scope"' in challenge
        case "404":
            assert answer.code == (404, "not-found")
        case "422 `unknown-customer`":
            assert answer.code == (422, "unknown-customer")
        case "nothing of it":
            assert answer.status == 200
            is_feed = answer.headers["Content-Type"].startswith("text/event-stream")
            assert "data:" not in answer.body if is_feed else answer.body["items"] == []
        case _:
            pytest.fail(f"no such cell: {cell}")
