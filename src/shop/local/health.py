"""How every member is, as its process, Consul and the servers themselves tell."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from shop.local import consul
from shop.local.servers import SERVERS
from shop.local.state import Member, redacted


@dataclass(frozen=True)
class Status:
    """One line of ``status``; health is passing, warning, critical, unknown or down."""

    service: str
    id: str
    url: str
    pid: int | None
    health: str


async def of(members: Sequence[Member]) -> list[Status]:
    """Return the health of these members, in their order."""
    agent = next((member.url for member in members if member.service == "consul"), None)
    return await asyncio.gather(*(_status(member, agent) for member in members))


async def _status(member: Member, agent: str | None) -> Status:
    if not member.alive:
        health = "down"
    elif member.kind == "server":
        health = await _server(member)
    else:
        health = await _instance(member, agent)
    pid = member.process.pid if member.process else None
    return Status(member.service, member.id, redacted(member.url), pid, health)


async def _server(member: Member) -> str:
    server = next(server for server in SERVERS if server.name == member.service)
    return "passing" if await server.ready(member.url) else "critical"


async def _instance(member: Member, agent: str | None) -> str:
    known = await consul.health(agent, member.service) if agent else {}
    return known.get(member.port, (member.id, "unknown"))[1]
