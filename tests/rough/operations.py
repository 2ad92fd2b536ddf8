"""A request that each operation of the Swagger files takes, made from the file alone.

So an operation that is added is treated roughly by itself.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.rough.wire import Headers, Request

from shop.common.caller import Kind
from shop.common.web.spec import Operation, Spec

Ids = Mapping[str, str]
_turn = count()


@dataclass(frozen=True)
class Sample:
    """One operation, and what it takes."""

    service: str
    operation: Operation
    example: Any  # a body; None: it takes none

    @property
    def id(self) -> str:
        """What the test's name says."""
        return f"{self.service}-{self.operation.id}"

    def path(self, ids: Ids) -> str:
        """Return an address with ids that exist; what may be deleted or is made has a new one."""
        path = self.operation.path
        for parameter in self.operation.declared("path"):
            name = parameter["name"]
            known = ids.get(name, "none")
            if self.operation.method == "DELETE" or self.operation.id == "reserve_stock":
                known = _new()
            path = path.replace(f"{{{name}}}", known)
        return path

    def document(self, ids: Ids) -> Any:
        """Return a body that keeps to the file, about things that exist."""
        return _known(deepcopy(self.example), ids)

    @property
    def kinds(self) -> list[Kind]:
        """Who may call it; nobody in particular where all may."""
        return [allowed.kind for allowed in self.operation.allowed]

    def request(self, ids: Ids, headers: Headers, body: bytes | None = None) -> Request:
        """Return a good request with these headers; ``body``: in the place of the good one."""
        target = self.path(ids).encode()
        if self.example is None and body is None:
            return Request(self.operation.method, target, headers)
        taken = self.operation.consumes[0]
        sent = json.dumps(self.document(ids)).encode() if body is None else body
        return Request(self.operation.method, target, [*headers, ("Content-Type", taken)], sent)


def samples(service: str) -> list[Sample]:
    """Return all of a service's operations."""
    spec = Spec.of(f"shop.{service}")
    return [Sample(service, each, _example(spec, each)) for each in spec.operations()]


def _example(spec: Spec, operation: Operation) -> Any:
    for parameter in operation.declared("body"):
        name = parameter["schema"]["$ref"].rpartition("/")[2]
        return spec.document["definitions"][name]["example"]
    return None


def _known(value: Any, ids: Ids) -> Any:
    """Put ids that exist in the place of the file's, and names that must be new as new ones."""
    if isinstance(value, list):
        return [_known(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    new = {"sku": _new(), "email": f"{_new()}@example.com", **ids}
    value.pop("expectedTotal", None)
    return {name: new.get(name, _known(inner, ids)) for name, inner in value.items()}


def _new() -> str:
    return f"rough-{next(_turn):08}"  # always as long: what is drawn must not depend on it
