"""The job that gives Consul its policies and tokens, against a real Consul with ACLs."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from tests.k8s.manifests import ROOT, SERVICES

from shop.local.consul import Consul
from shop.local.ports import free_port

pytestmark = pytest.mark.xdist_group("consul_init")  # one server

SCRIPT = ROOT / "k8s" / "consul" / "init.sh"
POLICIES = ROOT / "consul" / "policies"
NAMES = ("agent", *SERVICES)


@dataclass(frozen=True)
class Guarded:
    """A Consul that lets nobody do anything without a token, and the tokens made for it."""

    url: str
    bin: Path
    tokens: Path

    def initialize(self) -> str:
        """Run the job; return what it printed."""
        told = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "CONSUL_HTTP_ADDR": self.url,
            "TOKENS": str(self.tokens),
            "POLICIES": str(POLICIES),
        }
        done = subprocess.run(["sh", SCRIPT], env=told, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, name: str) -> str:
        return (self.tokens / name).read_text("utf-8")

    async def status(self, token: str, method: str, path: str, **body: object) -> int:
        headers = {"X-Consul-Token": token}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self.url + path, json=body or None) as response,
        ):
            return response.status


async def announce(guarded: Guarded, who: str, service: str) -> int:
    path = "/v1/agent/service/register"
    return await guarded.status(guarded.token(who), "PUT", path, Name=service, Port=8080)


@pytest.fixture(scope="module")
async def guarded(program_of, tmp_path_factory) -> AsyncIterator[Guarded]:
    """Consul, and tokens in files, as a Secret is mounted."""
    folder = tmp_path_factory.mktemp("consul")
    for name in ("bin", "tokens"):
        (folder / name).mkdir()
    (folder / "bin" / "consul").symlink_to(await program_of(Consul()))
    for name in NAMES:
        (folder / "tokens" / name).write_text(str(uuid4()))
    acl = folder / "acl.hcl"
    acl.write_text('acl {\n  enabled = true\n  default_policy = "deny"\n}\n')
    server, port = Consul(), free_port()
    command = [*server.command(folder / "bin" / "consul", port, folder), "-config-file", acl]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        while not await server.ready(server.url(port)):
            assert process.returncode is None
            await asyncio.sleep(0.1)
        made = Guarded(server.url(port), folder / "bin", folder / "tokens")
        (made.tokens / "management").write_text(await bootstrapped(made))
        made.initialize()
        yield made
    finally:
        process.terminate()
        await process.wait()


async def bootstrapped(guarded: Guarded) -> str:
    """Return the first management token, as soon as Consul can give one."""
    while True:
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"{guarded.url}/v1/acl/bootstrap") as response,
        ):
            if response.status == 200:
                return str((await response.json())["SecretID"])
            assert response.status in (403, 500)  # 403: its ACLs are not up yet
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_announce_itself(guarded, service):
    assert await announce(guarded, service, service) == 200


@pytest.mark.parametrize(("who", "service"), [("customer", "order"), ("order", "product")])
async def test_a_service_may_not_announce_another(guarded, who, service):
    assert await announce(guarded, who, service) == 403


async def test_without_a_token_nothing_is_announced(guarded):
    path = "/v1/agent/service/register"
    assert await guarded.status("", "PUT", path, Name="order", Port=8080) == 403


async def test_the_job_may_be_run_again(guarded):
    said = guarded.initialize()
    assert said.count(": updated") == len(list(POLICIES.glob("*.hcl")))
    assert said.count(": known") == len(NAMES)


async def test_a_new_token_is_added_beside_the_old_one(guarded):
    old = guarded.token("product")
    (guarded.tokens / "product").write_text(str(uuid4()))
    assert "token of product: created" in guarded.initialize()
    assert await announce(guarded, "product", "product") == 200
    assert await guarded.status(old, "GET", "/v1/acl/token/self") == 200
