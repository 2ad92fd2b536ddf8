from shop.common.peer import Instance
from shop.common.peer.instance import http_url


def test_instances_can_be_told_apart_and_kept_in_sets():
    one = Instance("product", "p1", "http://h:1", meta={"zone": "a"})
    assert one == Instance("product", "p1", "http://h:1", meta={"zone": "a"})
    assert one != Instance("product", "p1", "http://h:1", meta={"zone": "b"})
    assert len({one, Instance("product", "p1", "http://h:1", meta={"zone": "a"})}) == 1


def test_an_ipv6_address_gets_its_brackets():
    assert http_url("::1", 80) == "http://[::1]:80"
    assert http_url("10.0.0.1", 8001) == "http://10.0.0.1:8001"


def test_the_zone_is_what_the_metadata_says():
    assert Instance("product", "p1", "http://h:1", meta={"zone": "a"}).zone == "a"
    assert Instance("product", "p1", "http://h:1", meta={"zone": ""}).zone is None
    assert Instance("product", "p1", "http://h:1").zone is None
