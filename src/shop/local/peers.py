"""What running instances know of the services that they call, as a table."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from shop.local import secured
from shop.local.errors import LocalError
from shop.local.rest import ask
from shop.local.state import Member
from shop.local.table import aligned

_TIMEOUT_S = 2.0
_OFF = "does not show its peers: it runs without SHOP_DEBUG_PEERS=true"
_COLUMNS = (
    "CALLER",
    "PEER",
    "INSTANCE",
    "BREAKER",
    "RETRY AFTER",
    "EXPECTED MS",
    "IN FLIGHT",
    "WARMTH",
    "WATCH AGE",
)


@dataclass(frozen=True)
class Told:
    """What an instance answered; or ``fault``, why it did not."""

    caller: str
    peers: Sequence[dict[str, Any]] = ()
    fault: str | None = None


async def shown(members: Iterable[Member]) -> str:
    """Ask the instances that run, and return the table; raise LocalError if none tells anything."""
    running = [member for member in members if member.kind == "instance" and member.alive]
    if not running:
        raise LocalError("The shop is not up. Start it: python -m shop up")
    return render(await asyncio.gather(*map(_ask, running)))


async def _ask(member: Member) -> Told:
    try:
        answer = await ask(
            "GET",
            f"{member.url}/debug/peers",
            timeout_s=_TIMEOUT_S,
            secured=secured.options(member.service, member.url),
        )
    except aiohttp.ClientSSLError as error:
        return Told(member.id, fault=f"is not trusted, or does not trust us: {error}")
    except (aiohttp.ClientError, TimeoutError):
        return Told(member.id, fault="does not answer")
    if answer.status == 404:
        return Told(member.id, fault=_OFF)
    if answer.status != 200:
        return Told(member.id, fault=f"answered {answer.status}")
    return Told(member.id, answer.body)


def render(told: Sequence[Told]) -> str:
    """Return the table, and below it who told nothing; raise LocalError if nobody did."""
    faults = [f"{each.caller} {each.fault}" for each in told if each.fault]
    if len(faults) == len(told):
        raise LocalError("\n      ".join(faults))
    rows = [row for each in told for row in _rows(each)]
    table = aligned([_COLUMNS, *rows]) if rows else "No instance here calls another service"
    return "\n".join([table, *([""] if faults else []), *faults])


def _rows(told: Told) -> Iterator[tuple[str, ...]]:
    for peer in told.peers:
        age = _age(peer["watch"])
        for instance in peer["instances"]:
            yield (told.caller, peer["peer"], *_cells(instance), age)
        if not peer["instances"]:
            yield (told.caller, peer["peer"], *["-"] * 6, age)


def _cells(instance: dict[str, Any]) -> tuple[str, ...]:
    return (
        instance["id"],
        instance["breaker"],
        f"{instance['retryAfterS']:.1f} s" if instance["retryAfterS"] else "-",
        f"{instance['expectedLatencyMs']:.1f}",
        str(instance["inFlight"]),
        f"{instance['warmth']:.0%}",
    )


def _age(watch: dict[str, Any] | None) -> str:
    if watch is None:
        return "-"
    return f"{watch['ageS']:.1f} s" + ("" if watch["connected"] else ", away")
