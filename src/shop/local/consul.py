"""Consul: one server with its UI. Not a ``-dev`` agent, which forgets services when it restarts."""

import json
import os
import re
import subprocess
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from shop.local.binaries import CONSUL
from shop.local.ports import free_port
from shop.local.rest import ask

_WORST_FIRST = ("critical", "warning", "passing")
_CONFIGURATION = {
    "server": True,
    "bootstrap_expect": 1,
    "node_name": "shop",
    "bind_addr": "127.0.0.1",
    "client_addr": "127.0.0.1",
    "performance": {"raft_multiplier": 1, "leave_drain_time": "0s"},
    # Leaving would take this server out of the raft, and its restart would find no leader.
    "leave_on_terminate": False,
    "skip_leave_on_interrupt": True,
    "disable_update_check": True,
}


class Consul:
    """Starts a Consul server, and asks one for the health of services."""

    name = "consul"
    title = "Consul"
    variable = "SHOP_CONSUL_HTTP_ADDR"
    port = 8500
    binary = CONSUL

    def url(self, port: int) -> str:
        """Return the address that the services are given."""
        return f"http://127.0.0.1:{port}"

    def command(self, program: Path, port: int, data: Path) -> list[str]:
        """Return the command; the configuration is written to ``data``."""
        config = data / "agent.json"
        ports = _ports(port) | ({"grpc_tls": -1} if _version(program) >= (1, 14) else {})
        config.write_text(json.dumps(_CONFIGURATION | {"data_dir": str(data), "ports": ports}))
        return [str(program), "agent", "-ui", "-config-file", str(config)]

    async def prepare(self, url: str) -> None:
        """Do nothing: it elects itself."""

    async def ready(self, url: str) -> bool:
        """Say whether there is a leader that has read its log.

        A leader that was just elected may answer from before the restart; a consistent read waits
        until it has applied what it had written.
        """
        try:
            answer = await ask("GET", f"{url}/v1/catalog/nodes?consistent", headers=_token())
            return answer.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


async def health(url: str, service: str) -> dict[int, tuple[str, str]]:
    """Return the id and health of each instance of a service, by port; {} if Consul is away."""
    try:
        entries = await _get(url, f"/v1/health/service/{service}")
    except (aiohttp.ClientError, TimeoutError, OSError):
        return {}
    return {
        entry["Service"]["Port"]: (entry["Service"]["ID"], _worst(entry["Checks"]))
        for entry in entries or []
    }


async def forget(url: str, service_id: str) -> None:
    """Take an instance out of the agent's list."""
    await ask("PUT", f"{url}/v1/agent/service/deregister/{service_id}", headers=_token())


def _worst(checks: list[dict[str, Any]]) -> str:
    found = {check["Status"] for check in checks}
    return next((status for status in _WORST_FIRST if status in found), "critical")


async def _get(url: str, path: str) -> Any:
    return (await ask("GET", url + path, headers=_token())).body


def _token() -> dict[str, str]:
    token = os.environ.get("SHOP_CONSUL_HTTP_TOKEN")
    return {"X-Consul-Token": token} if token else {}


def _ports(http: int) -> dict[str, int]:
    """Return the ports of an agent: the inner ones are free ones, as nobody has to know them."""
    closed = {"dns": -1, "grpc": -1, "serf_wan": -1}
    return {"http": http, "serf_lan": free_port(), "server": free_port(), **closed}


def _version(program: Path) -> tuple[int, int]:
    shown = subprocess.run([program, "version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"v(\d+)\.(\d+)", shown.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
