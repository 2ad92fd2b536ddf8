"""Settings: where they are read from, what is said of a bad value, and what is never said."""

import argparse
import os
from dataclasses import dataclass

import pytest

from shop.common.config import (
    AuthConfig,
    ConsulConfig,
    HttpConfig,
    LogConfig,
    MongoConfig,
    RedisConfig,
    ServiceConfig,
)
from shop.common.settings import ConfigError, add_flags, apply_flags, load, setting, settings

NO_DEFAULTS: dict[str, object] = {}
VARIABLES = [about["variable"] for about, _ in settings(ServiceConfig, NO_DEFAULTS)]
SECRETS = {
    "SHOP_MONGO_URI",
    "SHOP_REDIS_URL",
    "SHOP_CONSUL_HTTP_TOKEN",
    "SHOP_AUTH_SERVICE_KEY",
    "SHOP_AUTH_HS256_SECRET",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """An environment without a shop, and back to what it was afterwards."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("SHOP_")]:
        monkeypatch.delenv(name)
    yield
    for name in [name for name in os.environ if name.startswith("SHOP_")]:
        del os.environ[name]
    os.environ.update(before)


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser("x")
    add_flags(parser, ServiceConfig, NO_DEFAULTS)
    return parser.parse_args(arguments)


def test_what_is_not_set_has_its_default():
    assert load(ServiceConfig) == ServiceConfig(
        HttpConfig(),
        MongoConfig(),
        RedisConfig(),
        ConsulConfig(),
        LogConfig(),
        AuthConfig(),
    )


def test_a_service_has_defaults_of_its_own():
    config = load(ServiceConfig, {"SHOP_HTTP_PORT": 8001, "SHOP_MONGO_DATABASE": "customer"})
    assert (config.http.port, config.mongo.database) == (8001, "customer")


def test_a_variable_comes_before_the_default_of_the_service(monkeypatch):
    monkeypatch.setenv("SHOP_HTTP_PORT", "9")
    assert load(ServiceConfig, {"SHOP_HTTP_PORT": 8001}).http.port == 9


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SHOP_HTTP_PORT", "abc"),
        ("SHOP_HTTP_PORT", ""),
        ("SHOP_HTTP_PORT", "-1"),
        ("SHOP_HTTP_PORT", "65536"),
        ("SHOP_HTTP_PORT", "80.5"),
        ("SHOP_HTTP_PORT", "9" * 5000),
        ("SHOP_REQUEST_TIMEOUT_S", "soon"),
        ("SHOP_REQUEST_TIMEOUT_S", ""),
        ("SHOP_REQUEST_TIMEOUT_S", "0"),
        ("SHOP_REQUEST_TIMEOUT_S", "-1"),
        ("SHOP_REQUEST_TIMEOUT_S", "nan"),
        ("SHOP_REQUEST_TIMEOUT_S", "inf"),
        ("SHOP_REQUEST_TIMEOUT_S", "1e400"),
        ("SHOP_DRAIN_TIMEOUT_S", "86401"),
        ("SHOP_MONGO_TIMEOUT_S", "5s"),
        ("SHOP_REDIS_TIMEOUT_S", "0"),
        ("SHOP_CACHE_TTL_S", "never"),
        ("SHOP_LOG_LEVEL", "loud"),
        ("SHOP_LOG_LEVEL", ""),
        ("SHOP_LOG_LEVEL", "INFO\n"),
        ("SHOP_LOG_FORMAT", "xml"),
        ("SHOP_MONGO_DATABASE", ""),
        ("SHOP_MONGO_DATABASE", "a.b"),
        ("SHOP_MONGO_DATABASE", "a b"),
        ("SHOP_MONGO_DATABASE", "x" * 64),
        ("SHOP_MONGO_DATABASE", "shop\n"),
        ("SHOP_MONGO_URI", ""),
        ("SHOP_MONGO_URI", "localhost:27017"),
        ("SHOP_MONGO_URI", "mongodb://"),
        ("SHOP_MONGO_URI", "postgres://a/b"),
        ("SHOP_REDIS_URL", "localhost:6379"),
        ("SHOP_REDIS_URL", "http://localhost:6379"),
        ("SHOP_CONSUL_HTTP_ADDR", "127.0.0.1:8500"),
        ("SHOP_CONSUL_HTTP_ADDR", "consul"),
        ("SHOP_CONSUL_HTTP_ADDR", "http://"),
        ("SHOP_CONSUL_HTTP_ADDR", "http://a:8500,b:8500"),
        ("SHOP_CONSUL_HTTP_ADDR", "http://a:8500,"),
        ("SHOP_CONSUL_HTTP_ADDR", "http://a:8500 http://b:8500"),
    ],
)
def test_a_bad_value_is_named_in_one_line(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load(ServiceConfig)
    message = str(caught.value)
    assert message.startswith(f"{variable}: ")
    assert "\n" not in message
    if variable not in SECRETS:
        assert repr(value) in message


@pytest.mark.parametrize("variable", sorted(SECRETS))
def test_a_bad_secret_is_named_but_not_shown(monkeypatch, variable):
    @dataclass(frozen=True)
    class Concern:
        number: int = setting(variable, 0, "a number", secret=True)

    @dataclass(frozen=True)
    class Config:
        concern: Concern

    Config.__annotations__["concern"] = Concern
    monkeypatch.setenv(variable, "hunter2")
    with pytest.raises(ConfigError) as caught:
        load(Config)
    assert variable in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_secrets_show_in_no_repr_and_in_no_help(monkeypatch):
    monkeypatch.setenv("SHOP_MONGO_URI", "mongodb://ada:hunter2@mongo/")
    monkeypatch.setenv("SHOP_REDIS_URL", "redis://:hunter2@redis")
    monkeypatch.setenv("SHOP_CONSUL_HTTP_TOKEN", "hunter2")
    config = load(ServiceConfig)
    parser = argparse.ArgumentParser("x")
    add_flags(parser, ServiceConfig, NO_DEFAULTS)
    for shown in (repr(config), str(config), f"{config.mongo}", parser.format_help()):
        assert "hunter2" not in shown
    assert config.consul.token == "hunter2"


def test_what_a_secret_is_declared_as_covers_all_that_hold_passwords():
    declared = settings(ServiceConfig, NO_DEFAULTS)
    assert {about["variable"] for about, _ in declared if about["secret"]} == SECRETS


@pytest.mark.parametrize("variable", sorted(SECRETS))
def test_a_secret_may_stand_in_a_file_that_ends_with_a_line_break(monkeypatch, tmp_path, variable):
    value = {"SHOP_MONGO_URI": "mongodb://m", "SHOP_REDIS_URL": "redis://r"}.get(variable, "t")
    (tmp_path / "secret").write_text(value + "\n")
    monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    config = load(ServiceConfig)
    of_auth = config.auth.service_key, config.auth.hs256_secret
    assert value in (config.mongo.uri, config.redis.url, config.consul.token, *of_auth)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_bad_value(monkeypatch, tmp_path, content):
    if content:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("SHOP_CONSUL_HTTP_TOKEN_FILE", str(tmp_path / "secret"))
    with pytest.raises(ConfigError, match=r"^SHOP_CONSUL_HTTP_TOKEN: "):
        load(ServiceConfig)


def test_a_folder_in_the_place_of_a_file_is_a_bad_value(monkeypatch, tmp_path):
    monkeypatch.setenv("SHOP_CONSUL_HTTP_TOKEN_FILE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"^SHOP_CONSUL_HTTP_TOKEN: "):
        load(ServiceConfig)


def test_a_flag_comes_before_its_variable_and_before_its_file(monkeypatch, tmp_path):
    (tmp_path / "uri").write_text("mongodb://of-the-file")
    monkeypatch.setenv("SHOP_MONGO_URI", "mongodb://of-the-variable")
    monkeypatch.setenv("SHOP_MONGO_URI_FILE", str(tmp_path / "uri"))
    monkeypatch.setenv("SHOP_HTTP_PORT", "1")
    apply_flags(parsed("--mongo", "mongodb://of-the-flag", "--port", "2"))
    config = load(ServiceConfig)
    assert config.mongo.uri == "mongodb://of-the-flag"
    assert config.http.port == 2


def test_a_flag_that_is_not_given_leaves_its_variable_alone(monkeypatch):
    monkeypatch.setenv("SHOP_HTTP_PORT", "1")
    apply_flags(parsed())
    assert load(ServiceConfig).http.port == 1


def test_a_flag_may_stand_before_a_command_or_behind_it():
    parser = argparse.ArgumentParser("x")
    add_flags(parser, ServiceConfig, NO_DEFAULTS)
    add_flags(parser.add_subparsers().add_parser("pending"), ServiceConfig, NO_DEFAULTS)
    apply_flags(parser.parse_args(["--port", "1", "pending", "--database", "shop2"]))
    config = load(ServiceConfig)
    assert (config.http.port, config.mongo.database) == (1, "shop2")


def test_an_empty_flag_switches_off(monkeypatch):
    monkeypatch.setenv("SHOP_REDIS_URL", "redis://r")
    apply_flags(parsed("--redis", "", "--consul", ""))
    config = load(ServiceConfig)
    assert (config.redis.url, config.consul.url) == ("", "")


def test_a_list_is_split_at_commas_and_trimmed(monkeypatch):
    monkeypatch.setenv("SHOP_CORS_ORIGINS", "https://a.example, https://b.example ,,")
    assert load(ServiceConfig).http.cors_origins == ("https://a.example", "https://b.example")


def test_help_lists_every_variable_with_meaning_and_default():
    parser = argparse.ArgumentParser("x")
    defaults = {"SHOP_HTTP_PORT": 8001}
    add_flags(parser, ServiceConfig, defaults)
    shown = parser.format_help()
    for about, default in settings(ServiceConfig, defaults):
        (line,) = [
            line for line in shown.splitlines() if line.startswith(f"  {about['variable']} ")
        ]
        assert about["meaning"] in line
        assert line.endswith(f"(default: {'none' if default in ('', ()) else default})")
    assert "(default: 8001)" in shown
    (in_files,) = [line for line in shown.splitlines() if "<variable>_FILE" in line]
    assert all(secret in in_files for secret in SECRETS)


def test_every_variable_is_the_shops_and_named_once():
    assert len(VARIABLES) == len(set(VARIABLES))
    assert all(name.startswith("SHOP_") for name in VARIABLES)
