"""Who shows no certificate may ask how the service is, as Consul does, and nothing else."""

from aiohttp import web

from shop.common.web import problems
from shop.common.web.refusals import CERTIFICATE

_OPEN = frozenset({"/health/live", "/health/ready"})


def unknown(request: web.BaseRequest) -> web.Response | None:
    """Return the refusal of a request whose connection showed no certificate; None: it did.

    One that is not of our authority, or has expired, does not come as far as this.
    """
    transport = request.transport
    if request.path in _OPEN or (transport and transport.get_extra_info("peercert")):
        return None
    response = problems.problem(
        403,
        CERTIFICATE,
        "Only known services are answered here",
        "Show a certificate of the authority of this shop's services (mutual TLS).",
    )
    response.force_close()
    return response
