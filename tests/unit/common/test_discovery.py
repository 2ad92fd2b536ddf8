"""What the configuration says of Consul, and how it is told what is wrong with it."""

import pytest

from shop import __version__
from shop.common import discovery
from shop.common.config import ConsulConfig
from shop.common.errors import CannotStart
from shop.common.settings import ConfigError


def test_without_an_address_there_is_no_consul():
    assert discovery.consul_options(ConsulConfig(url="")) is None


def test_several_addresses_are_asked_in_their_order():
    options = discovery.consul_options(ConsulConfig(url="http://a:8500, https://b:8501", token="t"))
    assert options is not None
    assert options.urls == ("http://a:8500", "https://b:8501")
    assert options.token == "t"
    assert options.tls is None


@pytest.mark.parametrize("url", ["http://a:8500,http://b:x", "http://a:65536", "http://[::1:8500"])
def test_an_address_that_is_none_is_named(url):
    with pytest.raises(ConfigError, match=r"^SHOP_CONSUL_HTTP_ADDR: 'http.*' is not an address"):
        discovery.consul_options(ConsulConfig(url=url))


@pytest.mark.parametrize(
    ("field", "variable"),
    [
        ("ca_file", "SHOP_CONSUL_CACERT"),
        ("cert_file", "SHOP_CONSUL_CLIENT_CERT"),
        ("key_file", "SHOP_CONSUL_CLIENT_KEY"),
    ],
)
def test_a_certificate_that_is_not_there_is_named_with_its_variable(tmp_path, field, variable):
    config = ConsulConfig(**{field: str(tmp_path / "missing.pem")})
    with pytest.raises(ConfigError, match=rf"^{variable}: .*missing\.pem: No such file"):
        discovery.check(config)


def test_consul_is_told_the_version_and_the_zone():
    told = discovery.registration("product", ConsulConfig(zone="a"), "10.0.0.1", 8002)
    assert (told.id, told.address, told.port) == ("product-10.0.0.1-8002", "10.0.0.1", 8002)
    assert told.tags == (f"v{__version__}",)
    assert told.meta == {"version": __version__, "zone": "a"}


def test_without_a_zone_none_is_told():
    told = discovery.registration("product", ConsulConfig(advertise="p.example"), "0.0.0.0", 8002)
    assert told.meta == {"version": __version__}
    assert (told.id, told.address) == ("product-p.example-8002", "p.example")


def test_auto_is_the_address_of_the_way_out(monkeypatch):
    monkeypatch.setattr(discovery, "_ELSEWHERE", ("no address", "127.0.0.1"))
    told = discovery.registration("product", ConsulConfig(advertise="auto"), "0.0.0.0", 8002)
    assert (told.id, told.address) == ("product-127.0.0.1-8002", "127.0.0.1")


def test_auto_says_that_there_is_no_way_out(monkeypatch):
    monkeypatch.setattr(discovery, "_ELSEWHERE", ("no address",))
    with pytest.raises(CannotStart, match=r"^SHOP_ADVERTISE_ADDRESS: auto finds no way out"):
        discovery.registration("product", ConsulConfig(advertise="auto"), "0.0.0.0", 8002)


async def test_whoever_calls_the_others_knows_their_own_zone():
    fixed = ConsulConfig(peers="product=http://h:1", zone="a")
    async with discovery.opened(fixed) as peers:
        assert peers.zone == "a"
    async with discovery.opened(ConsulConfig(peers="product=http://h:1")) as peers:
        assert peers.zone is None
