"""Prometheus on top of the stack, and the dashboard that is made for it."""

import json
import re
import urllib.request
from urllib.parse import urlencode

import pytest
from tests.asking import Api, add_customer, add_product
from tests.docker.waiting import eventually

DASHBOARD = "grafana/dashboards/shop.json"


@pytest.fixture(scope="module")
def prometheus(stack):
    from tests.docker.stack import COMPOSE

    observability = [COMPOSE / "observability.yml"]
    stack.up("prometheus", files=observability)
    yield f"http://127.0.0.1:{stack.environment['PROMETHEUS_PORT']}"
    stack.compose("rm", "--stop", "--force", "prometheus", files=observability)


def _get(prometheus, path, **query):
    url = f"{prometheus}/api/v1/{path}?{urlencode(query)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]


def _value(prometheus, expression):
    return {
        tuple(sorted(each["metric"].items())): float(each["value"][1])
        for each in _get(prometheus, "query", query=expression)["result"]
    }


def test_prometheus_finds_every_instance_and_the_edge(stack, prometheus):
    wanted = {(("service", name),): 2.0 for name in ("customer", "product", "order")}
    eventually(
        lambda: _value(prometheus, 'sum by (service) (up{job="shop"})') == wanted,
        "Prometheus sees two instances of each service",
    )
    eventually(
        lambda: list(_value(prometheus, 'up{job="edge"}').values()) == [1.0],
        "Prometheus sees the edge",
    )


async def test_every_series_of_the_dashboard_is_there(stack, prometheus):
    from tests.docker.stack import COMPOSE

    dashboard = json.loads((COMPOSE / DASHBOARD).read_text())
    texts = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    wanted = {
        name for text in texts for name in re.findall(r"\b(?:shop|haproxy|process)_\w+", text)
    }
    wanted -= {name for name in wanted if name.startswith("shop_tls_")}  # test_tls.py has them
    assert len(wanted) > 10

    # What was never asked for has no series, and what was never refused.
    async with Api(f"{stack.edge}/api/v1") as nobody:
        assert (await nobody.get("/orders")).status == 401
    async with Api(f"{stack.edge}/api/v1", stack.token()) as api:
        line = {"productId": await add_product(api), "quantity": 1}
        draft = {"customerId": await add_customer(api), "lines": [line]}
        assert (await api.post("/orders", draft)).status == 201

    def missing() -> set[str]:
        return wanted - set(_get(prometheus, "label/__name__/values"))

    eventually(lambda: not missing(), f"all of {sorted(wanted)} are known")


def test_every_expression_of_the_dashboard_is_understood(stack, prometheus):
    from tests.docker.stack import COMPOSE

    dashboard = json.loads((COMPOSE / DASHBOARD).read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$service", ".+")
            _get(prometheus, "query", query=expression)  # which fails if it is not


def test_both_files_together_are_valid(stack):
    from tests.docker.stack import COMPOSE

    stack.compose("config", "--quiet", files=[COMPOSE / "observability.yml"])
