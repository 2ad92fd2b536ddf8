"""Calling another service: find its instances, choose one, try another, all by one deadline.

Usable outside the shop: it imports nothing else of it. A caller, with Consul::

    async with open_session() as session:
        consul = ConsulClient(session, ConsulOptions(("http://127.0.0.1:8500",)))
        resolver = ConsulResolver(consul)
        products = PeerClient("product", resolver, session)
        with deadline_scope(Deadline.after(2.0)):
            answer = await products.call("GET", "/api/v1/products")
        print(answer.status, answer.json())
        await resolver.close()

Without Consul, ``FixedResolver.parse("product=http://127.0.0.1:8002")`` takes the resolver's
place. A service that wants to be found::

    registrar = Registrar(consul, Registration("product", "product-1", "127.0.0.1", 8002))
    await registrar.register()      # once it listens
    ...
    await registrar.deregister()    # before it stops listening

A call returns every answer below 500. Otherwise it raises PeerUnavailable or DeadlineExceeded
(both are PeerErrors), and their ``may_have_happened`` says whether a write may have been done.
"""

from .attempt import PeerResponse
from .balancer import Balancer, LeastOutstanding, PeakEwmaBalancer, PowerOfTwo, RoundRobin
from .breaker import Breaker, BreakerOptions, Outcome, State
from .budget import RetryBudget, RetryBudgetOptions
from .bulkhead import Bulkhead, BulkheadFull, BulkheadOptions
from .client import PeerClient, PeerOptions
from .consul_client import ConsulClient, ConsulOptions
from .consul_resolver import ConsulResolver
from .consul_tls import TlsFileError, tls_context
from .deadline import TIMEOUT_HEADER, Deadline, current_deadline, deadline_scope
from .endpoint import Endpoint, LoadOptions
from .errors import ConsulUnavailable, DeadlineExceeded, PeerError, PeerUnavailable
from .events import PeerListener
from .hedge import HedgeOptions
from .instance import Instance
from .prometheus import PeerMetrics
from .registrar import Registrar, RegistrarOptions
from .registration import Registration
from .resolver import FixedResolver, Resolver, WatchView
from .retry import RetryOptions
from .selection import Selection
from .session import SessionOptions, open_session
from .view import InstanceView, PeerView
from .watch_options import WatchOptions
from .zone import nearest

__all__ = [
    "TIMEOUT_HEADER",
    "Balancer",
    "Breaker",
    "BreakerOptions",
    "Bulkhead",
    "BulkheadFull",
    "BulkheadOptions",
    "ConsulClient",
    "ConsulOptions",
    "ConsulResolver",
    "ConsulUnavailable",
    "Deadline",
    "DeadlineExceeded",
    "Endpoint",
    "FixedResolver",
    "HedgeOptions",
    "Instance",
    "InstanceView",
    "LeastOutstanding",
    "LoadOptions",
    "Outcome",
    "PeakEwmaBalancer",
    "PeerClient",
    "PeerError",
    "PeerListener",
    "PeerMetrics",
    "PeerOptions",
    "PeerResponse",
    "PeerUnavailable",
    "PeerView",
    "PowerOfTwo",
    "Registrar",
    "RegistrarOptions",
    "Registration",
    "Resolver",
    "RetryBudget",
    "RetryBudgetOptions",
    "RetryOptions",
    "RoundRobin",
    "Selection",
    "SessionOptions",
    "State",
    "TlsFileError",
    "WatchOptions",
    "WatchView",
    "current_deadline",
    "deadline_scope",
    "nearest",
    "open_session",
    "tls_context",
]
