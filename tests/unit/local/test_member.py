import pytest

from shop.local.state import Member, redacted


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mongodb://ada:secret@db:27017/?a=b", "mongodb://***@db:27017/?a=b"),
        ("redis://:secret@cache/0", "redis://***@cache/0"),
        ("http://127.0.0.1:8500", "http://127.0.0.1:8500"),
        ("mongodb+srv://u:p@cluster.example.org", "mongodb+srv://***@cluster.example.org"),
    ],
)
def test_names_and_passwords_are_not_shown(url, shown):
    assert redacted(url) == shown


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://127.0.0.1:8001", 8001), ("mongodb://a:1,b:2/?x=y", 0), ("http://there", 0)],
)
def test_a_member_knows_its_port(url, port):
    assert Member("a", "instance", "a-1", url).port == port
