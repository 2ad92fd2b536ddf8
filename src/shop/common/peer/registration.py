"""What Consul is told about an instance of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .instance import http_url


@dataclass(frozen=True)
class Registration:
    """An instance, and the HTTP check by which Consul finds out whether it is well.

    It is announced as critical, Consul's default: it becomes passing only when Consul itself has
    seen a good answer, within ``check_interval_s``. So "passing" is never a mere claim.
    ``scheme``: http or https, told as metadata. Of an instance at https Consul does not look at the
    certificate: it asks how the instance is, and callers look who it is.
    Consul takes less than a minute for ``deregister_critical_after_s`` as one minute.
    """

    service: str
    id: str
    address: str
    port: int
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)
    health_path: str = "/health/ready"
    check_interval_s: float = 2.0
    check_timeout_s: float = 1.0
    deregister_critical_after_s: float = 60.0
    scheme: str = "http"

    @property
    def health_url(self) -> str:
        """Return the URL that Consul asks."""
        return http_url(self.address, self.port, self.scheme) + self.health_path
