"""Who calls: each asks the three services as itself."""

from collections.abc import Iterable
from typing import Any

from tests.asking import Answer, Api
from tests.fakes.auth import key, token
from tests.served import ServedShop

from shop.common.web.spec import Spec

SERVICES = ("customer", "product", "order")
ALL = frozenset(
    scope
    for service in SERVICES
    for scope in Spec.of(f"shop.{service}").document["securityDefinitions"]["staff"]["scopes"]
)


def shopper(customer_id: str) -> str:
    """Return a shopper's token."""
    return token(key("people"), sub=f"user-{customer_id}", customer_id=customer_id)


def staff(scopes: Iterable[str] = ALL) -> str:
    """Return a token of staff."""
    said = {"kind": "staff", "scope": " ".join(scopes), "customer_id": None}
    return token(key("people"), sub="employee", **said)


def service(name: str) -> str:
    """Return a token that a service has signed itself."""
    return token(key(name), iss=name, sub=name, kind="service", customer_id=None)


class Callers:
    """Asks as anybody. A path leads to the service that owns it."""

    def __init__(self, shop: ServedShop) -> None:
        self._apis: dict[str, Api] = {
            "customers": shop.customers,
            "customerOrders": shop.customers,
            "customerErasures": shop.customers,
            "products": shop.products,
            "reservations": shop.products,
            "orders": shop.orders,
        }

    async def ask(
        self, who: str | None, method: str, path: str, json: Any = None, **headers: str
    ) -> Answer:
        """Ask with a token; None: without one."""
        shown = {"Authorization": f"Bearer {who}"} if who else {}
        api = self._apis[path.split("/")[1].partition("?")[0]]
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return await api.ask(method, path, json, type_=kind, **shown, **headers)

    async def made(self, who: str, method: str, path: str, json: Any = None) -> Any:
        """Ask for what must succeed, and return the body."""
        answer = await self.ask(who, method, path, json)
        assert answer.status < 300, answer
        return answer.body
