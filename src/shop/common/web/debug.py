"""What the service knows of the others now, for people who look into a fault."""

from typing import Any

import orjson
from aiohttp import web

from shop.common import discovery, peer

PEERS: web.AppKey[discovery.Peers] = web.AppKey("peers", discovery.Peers)


async def peers(request: web.Request) -> web.Response:
    """Answer with each peer and its instances; a service that calls nobody has none."""
    known = request.app[PEERS].views() if PEERS in request.app else []
    body = orjson.dumps([_peer(view, watch) for view, watch in known])
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/json", headers=headers)


def _peer(view: peer.PeerView, watch: peer.WatchView | None) -> dict[str, Any]:
    return {
        "peer": view.service,
        "inFlight": view.in_flight,
        "waiting": view.waiting,
        "retriesLeft": view.retries_left,
        "hedgeDelayMs": _ms(view.hedge_delay_s),
        "watch": watch and _watch(watch),
        "instances": [_instance(instance) for instance in view.instances],
    }


def _watch(watch: peer.WatchView) -> dict[str, Any]:
    return {
        "instances": watch.instances,
        "ageS": round(watch.age_s, 3),
        "connected": watch.connected,
        "datacenter": watch.datacenter,
    }


def _instance(view: peer.InstanceView) -> dict[str, Any]:
    return {
        "id": view.id,
        "url": view.url,
        "zone": view.zone,
        "breaker": view.breaker.value,
        "retryAfterS": round(view.retry_after_s, 3),
        "expectedLatencyMs": _ms(view.latency_s),
        "inFlight": view.outstanding,
        "warmth": round(view.warmth, 3),
    }


def _ms(s: float | None) -> float | None:
    return None if s is None else round(s * 1000, 3)
