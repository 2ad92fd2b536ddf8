"""`python -m shop token`, and the keys that `up` makes."""

import argparse
import stat

import pytest

from shop.common.auth import Verifier
from shop.common.auth.opened import verifier
from shop.common.caller import Caller, Kind
from shop.common.config import AuthConfig
from shop.local.errors import LocalError
from shop.local.home import Home
from shop.local.keys import Keys
from shop.local.token import add_options, scopes, staff_headers, token


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path, tmp_path / "bin")
    Keys(home.keys).make()
    return home


def made(home: Home, *arguments: str) -> str:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return token(home, parser.parse_args(arguments))


def checks(home: Home) -> Verifier:
    told = Keys(home.keys).variables("product")
    config = AuthConfig(
        issuers=(told["SHOP_AUTH_ISSUERS"],), services=(told["SHOP_AUTH_SERVICES"],)
    )
    found = verifier(config, "127.0.0.1")
    assert found is not None
    return found


async def test_a_service_takes_what_is_printed(home):
    known = checks(home)
    assert await known.verify(made(home, "--as", "shopper", "--customer", "cus_1")) == Caller(
        Kind.SHOPPER, "local-cus_1", customer_id="cus_1"
    )
    assert await known.verify(made(home, "--as", "staff", "--scope", "orders:read")) == Caller(
        Kind.STAFF, "local", frozenset({"orders:read"})
    )
    assert await known.verify(made(home, "--as", "service")) == Caller(
        Kind.SERVICE, "order", frozenset({"order"})
    )
    everything = await known.verify(made(home, "--as", "staff"))
    assert everything.scopes == set(scopes())
    assert everything.scopes >= {"customers:write", "stock:write", "orders:fulfil"}
    shown = staff_headers(home)["Authorization"].partition(" ")[2]
    assert (await known.verify(shown)).scopes == everything.scopes


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--as", "shopper"], "--customer goes with --as shopper"),
        (["--as", "staff", "--customer", "cus_1"], "--customer goes with --as shopper"),
        (["--as", "service", "--scope", "orders:read"], "--scope goes with --as staff"),
        (["--as", "staff", "--scope", "orders:reed"], "No scope orders:reed. There are "),
    ],
)
def test_what_cannot_be_meant_is_told(home, arguments, fault):
    with pytest.raises(LocalError, match=fault):
        made(home, *arguments)


def test_without_keys_it_says_how_to_make_them(tmp_path):
    with pytest.raises(LocalError, match="python -m shop up"):
        made(Home(tmp_path, tmp_path / "bin"), "--as", "service")


def test_keys_are_for_their_owner_alone_and_made_once(home):
    before = {file.name: file.read_bytes() for file in home.keys.iterdir()}
    assert sorted(before) == [
        "issuer-key.pem",
        "issuer-public.pem",
        "order-key.pem",
        "order-public.pem",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in home.keys.iterdir()} == {0o600}
    assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700
    Keys(home.keys).make()
    assert {file.name: file.read_bytes() for file in home.keys.iterdir()} == before


def test_only_order_is_told_where_its_private_key_is(home):
    told = {name: Keys(home.keys).variables(name) for name in ("customer", "product", "order")}
    assert [name for name in told if "SHOP_AUTH_SERVICE_KEY_FILE" in told[name]] == ["order"]
    assert not any("issuer-key" in value for each in told.values() for value in each.values())
