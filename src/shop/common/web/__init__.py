"""Everything between HTTP and a service's handlers, built from its swagger.yaml."""

from shop.common.web.app import build
from shop.common.web.batch import side_by_side
from shop.common.web.body import body, patch
from shop.common.web.command import Command, run
from shop.common.web.conditional import if_match
from shop.common.web.debug import PEERS
from shop.common.web.health import READINESS
from shop.common.web.metrics import REGISTRY
from shop.common.web.once import KEYS, once
from shop.common.web.rates import rates_shared
from shop.common.web.responses import (
    EncodedPage,
    Outcome,
    accepted,
    answered,
    changed,
    created,
    encode_page,
    encoded,
    encoded_listing,
    listing,
    location,
    no_content,
    representation,
)
from shop.common.web.routes import query
from shop.common.web.server import SHORTCUTS

__all__ = [
    "KEYS",
    "PEERS",
    "READINESS",
    "REGISTRY",
    "SHORTCUTS",
    "Command",
    "EncodedPage",
    "Outcome",
    "accepted",
    "answered",
    "body",
    "build",
    "changed",
    "created",
    "encode_page",
    "encoded",
    "encoded_listing",
    "if_match",
    "listing",
    "location",
    "no_content",
    "once",
    "patch",
    "query",
    "rates_shared",
    "representation",
    "run",
    "side_by_side",
]
