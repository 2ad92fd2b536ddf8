"""From the settings to what checks tokens, and to a service's own token."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_address

import structlog

from shop.common import peer
from shop.common.auth.issuer import PEOPLE, SERVICES, Issuer
from shop.common.auth.key_set import FixedKey, KeySet
from shop.common.auth.keys import Key, KeyFault, shared_secret, signing_key
from shop.common.auth.minting import ServiceToken
from shop.common.auth.sources import KeyAddress, source_of
from shop.common.auth.verifier import Verifier
from shop.common.background import running
from shop.common.caller import Kind
from shop.common.config import AuthConfig
from shop.common.settings import ConfigError

log = structlog.get_logger()

Headers = Callable[[], Mapping[str, str]]
DEVELOPMENT = "shop-development"
"""The issuer of tokens that are signed by a shared secret."""


def verifier(config: AuthConfig, host: str) -> Verifier | None:
    """Return what checks tokens, None where none are asked for; ``host`` is listened on.

    Raises ConfigError where a setting is wrong, no issuer is named, or everyone would be let in
    from elsewhere.
    """
    if not config.required:
        _check_off(config, host)
        return None
    issuers = [
        *_issuers("SHOP_AUTH_ISSUERS", config.issuers),
        *_issuers("SHOP_AUTH_SERVICES", config.services),
        *_development(config),
    ]
    if not issuers:
        raise ConfigError(
            "SHOP_AUTH_ISSUERS: say whose tokens are taken (issuer=file or https:// address), or "
            "set SHOP_AUTH=off where only this machine can call."
        )
    return Verifier(issuers, config.audience)


@asynccontextmanager
async def kept(checks: Verifier) -> AsyncIterator[None]:
    """Keep the keys up to date while the code inside runs; they have been asked for once then."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(peer.open_session())
        for issuer in checks.issuers.values():
            if isinstance(issuer.keys, KeySet):
                if isinstance(issuer.keys.source, KeyAddress):
                    issuer.keys.source.session = session
                issuer.keys.changed = checks.forget
                await issuer.keys.renew()
                await stack.enter_async_context(running(issuer.keys.keep()))
        yield


def credentials(name: str, config: AuthConfig) -> Headers | None:
    """Return what gives the headers by which a service shows who it is; None where nobody asks.

    Raises ConfigError where there is no key to sign it by.
    """
    if not config.required:
        return None
    if config.service_key:
        return ServiceToken(name, _own_key(config.service_key), name, config.audience).headers
    if config.hs256_secret:
        return ServiceToken(name, _secret(config), DEVELOPMENT, config.audience).headers
    raise ConfigError(
        f"SHOP_AUTH_SERVICE_KEY: {name} calls other services, and needs a private key to sign its "
        "tokens by; they need the public one in SHOP_AUTH_SERVICES."
    )


def _issuers(variable: str, places: tuple[str, ...]) -> Iterator[Issuer]:
    own_services = variable == "SHOP_AUTH_SERVICES"
    for place in places:
        name, is_there, where = (part.strip() for part in place.partition("="))
        if not (name and is_there and where):
            raise ConfigError(f"{variable}: {place!r} is not like name=file or name=https://...")
        try:
            keys = KeySet(name, source_of(where))
        except ValueError as error:
            raise ConfigError(f"{variable}: {error}") from None
        kinds, service = (SERVICES, name) if own_services else (PEOPLE, None)
        yield Issuer(name, keys, kinds, service)


def _development(config: AuthConfig) -> Iterator[Issuer]:
    if config.hs256_secret:
        log.warning("SHOP_AUTH_HS256_SECRET: who checks tokens can make them; for development only")
        yield Issuer(DEVELOPMENT, FixedKey(_secret(config)), frozenset(set(Kind) - {Kind.ANYONE}))


def _secret(config: AuthConfig) -> Key:
    try:
        return shared_secret(config.hs256_secret)
    except KeyFault as error:
        raise ConfigError(f"SHOP_AUTH_HS256_SECRET: {error}") from None


def _own_key(pem: str) -> Key:
    try:
        return signing_key(pem)
    except KeyFault as error:
        raise ConfigError(f"SHOP_AUTH_SERVICE_KEY: {error}") from None


def _check_off(config: AuthConfig, host: str) -> None:
    if not is_loopback(host) and not config.off_anywhere:
        raise ConfigError(
            f"SHOP_AUTH: off lets everyone do everything, and {host} is open to others, too; "
            "turn it on, listen on 127.0.0.1, or set SHOP_AUTH_OFF_ANYWHERE=true."
        )


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on can only be reached from this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
