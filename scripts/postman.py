"""Make the Postman collection (docs/postman) from the three Swagger files: `make postman`.

One folder per service and one request per operation. Base addresses and ids are variables of the
collection; a request that creates something keeps its id for those that follow. The format is
Collection v2.1 (https://schema.getpostman.com/json/collection/v2.1.0/collection.json).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = ROOT / "docs" / "postman" / "shop.postman_collection.json"
SERVICES = {"customer": 8001, "product": 8002, "order": 8003}
ID_KINDS = {
    "cus": "customerId",
    "prd": "productId",
    "ord": "orderId",
    "adj": "adjustmentId",
}
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


class Spec:
    """One service's Swagger file."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.document = yaml.safe_load(
            (ROOT / "src" / "shop" / service / "swagger.yaml").read_text("utf-8")
        )

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return what a ``$ref`` stands for (or the node itself)."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield path, method and operation, with the path's parameters put into the operation."""
        for path, item in self.document["paths"].items():
            for method in (name for name in item if name != "parameters"):
                refs = [*item.get("parameters", []), *item[method].get("parameters", [])]
                yield path, method, {**item[method], "parameters": [*map(self.resolve, refs)]}


def collection() -> dict[str, Any]:
    """Return the whole collection."""
    specs = [Spec(service) for service in SERVICES]
    return {
        "info": {
            "_postman_id": "5d1c6a0e-6f0b-4c39-9d8e-3b1f5a7c2e10",
            "name": "shop",
            "description": "Made from the Swagger files by scripts/postman.py: do not edit it.",
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]},
        "item": [_folder(spec) for spec in specs],
        "variable": _variables(specs),
    }


def _folder(spec: Spec) -> dict[str, Any]:
    return {
        "name": spec.service,
        "description": spec.document["info"]["description"],
        "item": [_item(spec, *operation) for operation in spec.operations()],
    }


def _item(spec: Spec, path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": operation["summary"],
        "event": [{"listen": "test", "script": _script(spec, operation)}],
        "request": {
            "method": method.upper(),
            **({} if operation["security"] else {"auth": {"type": "noauth"}}),
            "description": operation.get("description", operation["summary"]),
            "header": _headers(spec, operation),
            "url": _url(spec, path, operation),
            **_body(spec, operation),
        },
        "response": [],
    }


def _url(spec: Spec, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the address; query parameters are there, but switched off."""
    full = spec.document["basePath"] + re.sub(r"{(\w+)}", r"{{\1}}", path)
    host = f"{{{{{spec.service}Url}}}}"
    return {
        "raw": host + full,
        "host": [host],
        "path": full.strip("/").split("/"),
        "query": [_optional(p, "key") for p in operation["parameters"] if p["in"] == "query"],
    }


def _headers(spec: Spec, operation: dict[str, Any]) -> list[dict[str, Any]]:
    headers: list[dict[str, Any]] = [
        {"key": "Accept", "value": ", ".join(spec.document["produces"])}
    ]
    if _body_schema(spec, operation):
        consumes = operation.get("consumes", spec.document["consumes"])
        headers.append({"key": "Content-Type", "value": consumes[0]})
    return headers + [_optional(p, "key") for p in operation["parameters"] if p["in"] == "header"]


def _optional(parameter: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a parameter with an example of its value, switched off."""
    first = parameter.get("enum", [""])[0]
    value = parameter.get("x-example", parameter.get("default", first))
    text = ",".join(value) if isinstance(value, list) else str(value)
    return {
        key: parameter["name"],
        "value": _with_variables(text),
        "description": parameter["description"],
        "disabled": True,
    }


def _body_schema(spec: Spec, operation: dict[str, Any]) -> dict[str, Any] | None:
    bodies = [p["schema"] for p in operation["parameters"] if p["in"] == "body"]
    return spec.resolve(bodies[0]) if bodies else None


def _body(spec: Spec, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the body: the example of its schema, with variables for the ids in it."""
    schema = _body_schema(spec, operation)
    if schema is None:
        return {}
    raw = _with_variables(json.dumps(schema["example"], indent=2))
    return {"body": {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}}


def _with_variables(text: str) -> str:
    """Put the variable of its kind in place of each id."""
    return re.sub(
        r"\b([a-z]{3})_[0-9a-z]{26}\b", lambda found: f"{{{{{ID_KINDS[found[1]]}}}}}", text
    )


def _script(spec: Spec, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the test: a good status, and the id of what was created is kept."""
    good = [int(status) for status in operation["responses"] if status[0] in "23"]
    lines = [
        f'pm.test("{operation["operationId"]} is answered as the Swagger file says", () =>',
        f"  pm.expect(pm.response.code).to.be.oneOf({good}));",
    ]
    if kept := _created_id(spec, operation):
        keep = f'pm.collectionVariables.set("{kept}", pm.response.json().id);'
        lines.append(f"if (pm.response.code < 300) {keep}")
    return {"type": "text/javascript", "exec": lines}


def _created_id(spec: Spec, operation: dict[str, Any]) -> str | None:
    """Return the name of the variable that keeps the id of what the operation creates."""
    created = operation["responses"].get("201")
    properties = spec.resolve(created["schema"])["properties"] if created else {}
    return ID_KINDS[properties["id"]["pattern"][1:4]] if "id" in properties else None


def _variables(specs: list[Spec]) -> list[dict[str, Any]]:
    """Return the base addresses, and an id of each kind (that of the Swagger files' examples)."""
    addresses = {f"{service}Url": f"http://127.0.0.1:{port}" for service, port in SERVICES.items()}
    examples = {
        parameter["name"]: parameter["x-example"]
        for spec in specs
        for _, _, operation in spec.operations()
        for parameter in operation["parameters"]
        if parameter["in"] == "path"
    }
    told = {**addresses, "token": "", **examples}  # the token: python -m shop token --as staff
    return [{"key": key, "value": value} for key, value in told.items()]


def render() -> str:
    """Return the text of the collection's file."""
    return json.dumps(collection(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COLLECTION.parent.mkdir(parents=True, exist_ok=True)
    COLLECTION.write_text(render(), "utf-8")
    print(COLLECTION.relative_to(ROOT))
