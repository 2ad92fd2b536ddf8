"""How a service finds the others, and how they know each other."""

from dataclasses import dataclass

from shop.common.config.checks import HTTP, SECONDS
from shop.common.settings import setting


@dataclass(frozen=True)
class ConsulConfig:
    """Where the service announces itself and finds the others."""

    url: str = setting(
        "SHOP_CONSUL_HTTP_ADDR",
        "http://127.0.0.1:8500",
        "address of the Consul agent; several by comma: the next where one is away; empty: none",
        flag="--consul",
        check=HTTP,
    )
    token: str = setting("SHOP_CONSUL_HTTP_TOKEN", "", "ACL token for it", secret=True)
    ca_file: str = setting(
        "SHOP_CONSUL_CACERT", "", "PEM file of whom to trust as Consul; empty: the system's"
    )
    cert_file: str = setting(
        "SHOP_CONSUL_CLIENT_CERT", "", "PEM file of the certificate to show to Consul"
    )
    key_file: str = setting(
        "SHOP_CONSUL_CLIENT_KEY", "", "PEM file of its key, if that stands in another file"
    )
    failover_datacenters: tuple[str, ...] = setting(
        "SHOP_CONSUL_FAILOVER_DCS",
        (),
        "datacenters to look in, by comma, while the own one has no instance; empty: none",
    )
    zone: str = setting(
        "SHOP_ZONE", "", "where this runs: told to others, and preferred among them; empty: none"
    )
    advertise: str = setting(
        "SHOP_ADVERTISE_ADDRESS",
        "",
        "address told to others; empty: the one listened on; auto: that of the default route",
        flag="--advertise",
    )
    peers: str = setting(
        "SHOP_PEERS",
        "",
        "fixed addresses instead of Consul: customer=http://...,product=http://...",
        flag="--peers",
    )
    open_max_s: float = setting(
        "SHOP_PEER_OPEN_MAX_S",
        5.0,
        "the longest that an instance which failed is left alone, in seconds",
        check=SECONDS,
    )


@dataclass(frozen=True)
class TlsConfig:
    """The certificate by which the service is known to the others, and by which it knows them."""

    cert_file: str = setting(
        "SHOP_TLS_CERT", "", "PEM file of the service's certificate; empty: plain HTTP"
    )
    key_file: str = setting(
        "SHOP_TLS_KEY", "", "PEM file of its key, if that stands in another file"
    )
    ca_file: str = setting(
        "SHOP_TLS_CA",
        "",
        "PEM file of the authority of all services: only who has a certificate of it may call",
    )
