"""How the commands call instances that speak TLS: by the certificate that the services have."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shop.common import tls
from shop.common.config import TlsConfig
from shop.common.settings import ConfigError, load
from shop.local.errors import LocalError


@dataclass(frozen=True)
class _Config:
    tls: TlsConfig


def options(service: str, url: str) -> Mapping[str, Any]:
    """Return what a request to an instance takes beside its address; nothing for plain HTTP.

    Its certificate must name the service. Raises LocalError where it cannot be called from here.
    """
    if not url.startswith("https://"):
        return {}
    try:
        context = _context(load(_Config).tls)
    except ConfigError as error:
        raise LocalError(str(error)) from None
    if context is None:
        raise LocalError(
            f"{service} speaks TLS ({url}). Set SHOP_TLS_CERT, SHOP_TLS_KEY and SHOP_TLS_CA here, "
            "as when it was started"
        )
    return {"ssl": context, "server_hostname": service}


@cache
def _context(config: TlsConfig) -> ssl.SSLContext | None:
    certificates = tls.load(config)
    return certificates.client if certificates else None
