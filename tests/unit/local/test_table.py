from shop.local.health import Status
from shop.local.table import hints, table

STATUSES = [
    Status("consul", "consul", "http://127.0.0.1:8500", 1, "passing"),
    Status("order", "order-127.0.0.1-8003", "http://127.0.0.1:8003", 2, "critical"),
    Status("customer", "customer-127.0.0.1-8001", "http://127.0.0.1:8001", None, "passing"),
]


def test_services_stand_before_servers():
    rows = table(STATUSES, ["consul"]).splitlines()
    assert [row.split()[0] for row in rows] == ["SERVICE", "customer", "order", "consul"]


def test_an_instance_is_shown_with_its_health_and_addresses():
    row = table(STATUSES, ["consul"]).splitlines()[2].split()
    assert row == [
        "order",
        "order-127.0.0.1-8003",
        "critical",
        "2",
        "http://127.0.0.1:8003/api/v1",
        "http://127.0.0.1:8003/docs",
    ]


def test_the_columns_are_aligned():
    rows = table(STATUSES, ["consul"]).splitlines()
    assert len({row.index("http") for row in rows[1:]} | {rows[0].index("API")}) == 1


def test_the_hints_name_the_consul_ui_and_a_curl_line():
    text = hints(STATUSES)
    assert "http://127.0.0.1:8500/ui" in text
    assert "curl -s http://127.0.0.1:8001/api/v1/customers" in text
