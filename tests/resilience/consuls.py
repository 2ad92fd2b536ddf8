"""One Consul, or a cluster of them, quick to elect."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.chaos.member import Member

from shop.local.consul import Consul
from shop.local.ports import HOST, free_port


def make_consuls(program: Path, count: int, folder: Path) -> tuple[list[Member], list[str]]:
    """Start servers that elect one of them; return them and their addresses."""
    serf = [free_port() for _ in range(count)]
    made = [_make(program, folder, number, serf) for number in range(count)]
    return [member for member, _ in made], [url for _, url in made]


def _make(program: Path, folder: Path, number: int, serf: list[int]) -> tuple[Member, str]:
    kind, name, port = Consul(), f"consul-{number + 1}", free_port()
    data = folder / name
    data.mkdir()
    command = [*kind.command(program, port, data), *(_joining(number, serf) if serf[1:] else ())]
    url = kind.url(port)
    member = Member(name, command, os.environ, folder, _readiness(kind, url))
    member.start()
    return member, url


def _joining(number: int, serf: list[int]) -> tuple[str, str]:
    join = json.dumps([f"{HOST}:{port}" for port in serf])
    return "-hcl", (
        f'node_name = "server-{number}", bootstrap_expect = {len(serf)}, '
        f'ports {{ serf_lan = {serf[number]} }}, retry_join = {join}, retry_interval = "0.2s"'
    )


def _readiness(kind: Consul, url: str) -> Callable[[], Awaitable[bool]]:
    return lambda: kind.ready(url)
