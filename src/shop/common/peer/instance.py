"""One running copy of a service, as discovery knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Instance:
    """Where a copy of a service listens. ``url`` has no trailing slash: a path is put behind it.

    ``tls_name``: who its certificate has to name; None: the host in ``url``.
    """

    service: str
    id: str
    url: str
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)
    tls_name: str | None = None

    @property
    def zone(self) -> str | None:
        """Return where it runs, as its metadata says; None if that does not."""
        return self.meta.get("zone") or None


def http_url(host: str, port: int, scheme: str = "http") -> str:
    """Return ``http://host:port``; an IPv6 address gets its brackets (RFC 3986, 3.2.2)."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
