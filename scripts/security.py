"""Write who may do what into docs/security.md, from the three Swagger files: `make security`.

The table stands between two marks; what is around it is written by hand.
"""

from collections.abc import Iterator
from pathlib import Path

from shop.common.caller import Kind
from shop.common.web.security import Own
from shop.common.web.spec import Operation, Spec

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "security.md"
SERVICES = ("customer", "product", "order")
BEGIN, END = "<!-- made by `make security` -->\n", "<!-- end of what is made -->\n"
COLUMNS = (
    "anyone",
    "shopper, own",
    "shopper, another's",
    "staff with the scope",
    "staff without",
    "order service",
    "another service",
)
_ANOTHERS = {
    Own.PATH: "404",
    Own.STORED: "404",
    Own.FILTER: "nothing of it",
    Own.BODY: "422 `unknown-customer`",
}


def cells(operation: Operation) -> dict[str, str]:
    """Return what each caller is answered, by column; ``yes``: as the operation says."""
    if not operation.allowed:
        return dict.fromkeys(COLUMNS, "yes")
    kinds = {allowed.kind: allowed.scopes for allowed in operation.allowed}
    staff = kinds.get(Kind.STAFF)
    services = kinds.get(Kind.SERVICE, frozenset())
    return {
        "anyone": "401",
        "shopper, own": "yes" if Kind.SHOPPER in kinds else "403",
        "shopper, another's": _ANOTHERS[operation.own] if operation.own else "403",
        "staff with the scope": "yes" if staff else "403",
        "staff without": "403",
        "order service": "yes" if "order" in services else "403",
        "another service": "yes" if services - {"order"} else "403",
    }


def scope(operation: Operation) -> str:
    """Return the scope that staff needs."""
    for allowed in operation.allowed:
        if allowed.kind is Kind.STAFF:
            return ", ".join(f"`{name}`" for name in sorted(allowed.scopes))
    return ""


def table() -> Iterator[str]:
    """Return the lines of the table."""
    yield f"| operation | {' | '.join(COLUMNS)} | scope |"
    yield "| --- |" + " --- |" * (len(COLUMNS) + 1)
    for service in SERVICES:
        for operation in Spec.of(f"shop.{service}").operations():
            path = operation.path.removeprefix("/api/v1")
            told = cells(operation)
            row = " | ".join(told[column] for column in COLUMNS)
            yield f"| `{operation.method} {path}` | {row} | {scope(operation)} |"


def render() -> str:
    """Return the document with the table as the Swagger files have it now."""
    before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n" + "\n".join(table()) + f"\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(render(), "utf-8")
    print(DOCUMENT.relative_to(ROOT))
