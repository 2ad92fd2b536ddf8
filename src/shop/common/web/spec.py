"""A service's swagger.yaml, read as a routing table (Swagger 2.0)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from shop.common.web.security import Allowed, Own, SpecError, read_allowed, read_own

__all__ = ["Operation", "Spec", "SpecError"]

_METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One operation of the spec: where it is reached, what it takes, and who may call it.

    ``allowed``: empty: everyone. ``own``: how it keeps a shopper to what is its own.
    """

    id: str
    method: str
    path: str
    parameters: tuple[Mapping[str, Any], ...]
    consumes: tuple[str, ...]
    allowed: tuple[Allowed, ...] = ()
    own: Own | None = None

    def declared(self, place: str) -> list[Mapping[str, Any]]:
        """Return the parameters that stand in ``place``: path, query, header or body."""
        return [parameter for parameter in self.parameters if parameter["in"] == place]


@dataclass(frozen=True)
class Spec:
    """A whole swagger.yaml."""

    document: Mapping[str, Any]

    @classmethod
    def of(cls, package: str) -> "Spec":
        """Read the swagger.yaml that lies in a package."""
        text = files(package).joinpath("swagger.yaml").read_text(encoding="utf-8")
        return cls(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506

    @property
    def base_path(self) -> str:
        """The prefix of every path, such as ``/api/v1``."""
        return str(self.document["basePath"])

    def operations(self) -> Iterator[Operation]:
        """Return every operation, with references to shared parameters resolved."""
        for path, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            for method in _METHODS:
                if method in item:
                    yield self._operation(method, path, item[method], shared)

    def _operation(self, method: str, path: str, item: Mapping[str, Any], shared: Any) -> Operation:
        parameters = tuple(self._resolve(p) for p in [*shared, *item.get("parameters", [])])
        consumes = tuple(item.get("consumes", self.document.get("consumes", [])))
        name = item["operationId"]
        allowed = read_allowed(name, item, self.document)
        own = read_own(name, item, allowed, parameters)
        return Operation(
            name, method.upper(), self.base_path + path, parameters, consumes, allowed, own
        )

    def _resolve(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Any = item
        while "$ref" in found:
            reference, found = found["$ref"], self.document
            for part in reference.removeprefix("#/").split("/"):
                found = found[part]
        resolved: Mapping[str, Any] = found
        return resolved
