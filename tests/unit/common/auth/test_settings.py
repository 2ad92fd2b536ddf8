"""What the settings make of access: on, off, or a start that is refused with one clear line."""

import pytest
from tests.fakes.auth import key, pem_of

from shop.common.auth.opened import DEVELOPMENT, credentials, is_loopback, verifier
from shop.common.caller import Kind
from shop.common.config import AuthConfig
from shop.common.settings import ConfigError

OFF = AuthConfig(required=False)
HERE, ANYWHERE = "127.0.0.1", "0.0.0.0"
SECRET = "s" * 32


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_without_tokens_a_service_listens_on_this_machine_only(host):
    assert is_loopback(host)
    assert verifier(OFF, host) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "shop.example.com", ""])
def test_without_tokens_it_does_not_start_where_others_can_call(host):
    with pytest.raises(ConfigError, match=r"^SHOP_AUTH: off .* SHOP_AUTH_OFF_ANYWHERE=true\.$"):
        verifier(OFF, host)
    assert verifier(AuthConfig(required=False, off_anywhere=True), host) is None


def test_whose_tokens_are_taken_must_be_said():
    with pytest.raises(ConfigError, match=r"^SHOP_AUTH_ISSUERS: say whose tokens are taken"):
        verifier(AuthConfig(), HERE)


@pytest.mark.parametrize(
    ("config", "variable"),
    [
        (AuthConfig(issuers=("people",)), "SHOP_AUTH_ISSUERS"),
        (AuthConfig(issuers=("=keys.pem",)), "SHOP_AUTH_ISSUERS"),
        (AuthConfig(issuers=("people=",)), "SHOP_AUTH_ISSUERS"),
        (AuthConfig(issuers=("people=http://keys.example.com/",)), "SHOP_AUTH_ISSUERS"),
        (AuthConfig(services=("order:keys.pem",)), "SHOP_AUTH_SERVICES"),
        (AuthConfig(hs256_secret="short"), "SHOP_AUTH_HS256_SECRET"),
    ],
)
def test_what_is_wrong_is_named(config, variable):
    with pytest.raises(ConfigError, match=rf"^{variable}: "):
        verifier(config, ANYWHERE)


def test_an_issuer_may_have_a_name_that_is_an_address():
    config = AuthConfig(issuers=("https://id.example.com/=https://id.example.com/jwks?v=1",))
    checks = verifier(config, ANYWHERE)
    assert checks is not None
    assert list(checks.issuers) == ["https://id.example.com/"]


def test_people_and_services_are_told_apart_by_who_signs():
    config = AuthConfig(issuers=("people=p.pem",), services=("order=o.pem",), hs256_secret=SECRET)
    checks = verifier(config, ANYWHERE)
    assert checks is not None
    found = {name: (each.kinds, each.service) for name, each in checks.issuers.items()}
    assert found == {
        "people": ({Kind.SHOPPER, Kind.STAFF}, None),
        "order": ({Kind.SERVICE}, "order"),
        DEVELOPMENT: ({Kind.SHOPPER, Kind.STAFF, Kind.SERVICE}, None),
    }


def test_a_service_that_calls_others_needs_a_key():
    assert credentials("order", OFF) is None
    with pytest.raises(ConfigError, match=r"^SHOP_AUTH_SERVICE_KEY: order calls other services"):
        credentials("order", AuthConfig())
    with pytest.raises(ConfigError, match=r"^SHOP_AUTH_SERVICE_KEY: not a private key in PEM"):
        credentials("order", AuthConfig(service_key="secret"))


@pytest.mark.parametrize(
    "config",
    [AuthConfig(service_key=pem_of(key("order").material)), AuthConfig(hs256_secret=SECRET)],
)
def test_it_shows_a_bearer_token(config):
    own = credentials("order", config)
    assert own is not None
    assert own()["Authorization"].startswith("Bearer ey")


def test_no_secret_is_shown():
    shown = repr(AuthConfig(service_key="very-private", hs256_secret="very-secret"))
    assert "very" not in shown
