"""Until when the certificates in use hold, as Prometheus sees it; nothing without TLS."""

from collections.abc import Iterable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shop.common import tls


class CertificateExpiry(Collector):
    """Reads it whenever Prometheus asks, so one that was taken since is told of.

    ``certificates``: set once they are loaded; None: there is no TLS.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.certificates: tls.Certificates | None = None
        registry.register(self)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return what is known now."""
        expiry = GaugeMetricFamily(
            "shop_tls_certificate_expiry_timestamp_seconds",
            "The time of day (Unix) at which a certificate that is in use expires.",
            labels=["certificate"],
        )
        known = self.certificates.expire_s if self.certificates else {}
        for certificate, at_s in list(known.items()):
            expiry.add_metric([certificate], at_s)
        yield expiry


CERTIFICATES: web.AppKey[CertificateExpiry] = web.AppKey("certificates", CertificateExpiry)
