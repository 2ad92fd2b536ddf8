"""Whose tokens are taken, and how the service signs its own."""

from dataclasses import dataclass

from shop.common.settings import setting


@dataclass(frozen=True)
class AuthConfig:
    """Whose tokens are taken, and by which key the service shows others who it is."""

    required: bool = setting(
        "SHOP_AUTH", True, "off: no tokens are asked for, and everyone may do everything"
    )
    off_anywhere: bool = setting(
        "SHOP_AUTH_OFF_ANYWHERE",
        False,
        "true: SHOP_AUTH=off is taken where others than this machine can call, too",
    )
    issuers: tuple[str, ...] = setting(
        "SHOP_AUTH_ISSUERS",
        (),
        "who gives shoppers and staff their tokens, by comma: issuer=keys, where keys are an "
        "https:// address of a JWKS, or a file of a JWKS or of public keys in PEM",
    )
    services: tuple[str, ...] = setting(
        "SHOP_AUTH_SERVICES",
        (),
        "services that may call, by comma: name=keys, with the keys as above",
    )
    audience: str = setting("SHOP_AUTH_AUDIENCE", "shop", "whom tokens must be meant for (aud)")
    service_key: str = setting(
        "SHOP_AUTH_SERVICE_KEY",
        "",
        "private key in PEM (EC P-256 or RSA) by which this service signs its own tokens",
        secret=True,
    )
    hs256_secret: str = setting(
        "SHOP_AUTH_HS256_SECRET",
        "",
        "for development: a secret of 32 bytes or more that signs tokens of all kinds",
        secret=True,
    )
