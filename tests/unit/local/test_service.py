from shop.local.service import SERVICES, environment


def test_an_instance_is_told_its_port_and_the_servers():
    env = environment(8001, {"SHOP_MONGO_URI": "mongodb://m"})
    assert env["SHOP_HTTP_PORT"] == "8001"
    assert env["SHOP_HTTP_HOST"] == env["SHOP_ADVERTISE_ADDRESS"] == "127.0.0.1"
    assert env["SHOP_MONGO_URI"] == "mongodb://m"


def test_what_would_make_all_instances_one_is_not_inherited(monkeypatch):
    monkeypatch.setenv("SHOP_MONGO_DATABASE", "one-for-all")
    monkeypatch.setenv("SHOP_PEERS", "customer=http://elsewhere")
    monkeypatch.setenv("SHOP_LOG_LEVEL", "debug")
    env = environment(8001, {})
    assert "SHOP_MONGO_DATABASE" not in env
    assert "SHOP_PEERS" not in env
    assert env["SHOP_LOG_LEVEL"] == "debug"


def test_a_stop_lingers_less_here_than_elsewhere_unless_told(monkeypatch):
    assert environment(8001, {})["SHOP_LINGER_S"] == "0.3"
    monkeypatch.setenv("SHOP_LINGER_S", "2")
    assert environment(8001, {})["SHOP_LINGER_S"] == "2"


def test_the_three_services_have_their_usual_ports():
    assert {service.name: service.port for service in SERVICES} == {
        "customer": 8001,
        "product": 8002,
        "order": 8003,
    }
