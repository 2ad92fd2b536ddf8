"""The examples of docs/peer.md, run as it says there."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import pytest
from tests.chaos.member import Member
from tests.resilience.backend import HOST, SERVICE

from shop.common.peer import TIMEOUT_HEADER
from shop.local.ports import free_port

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/examples/edge.py"
SHORT_ONE = ROOT / "docs/examples/ask.py"


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def started(fleet, session):
    """Starts the gateway to a service; it is ended after the test."""
    edges: list[Member] = []

    async def started(service: str) -> str:
        url = f"http://{HOST}:{(port := free_port())}"
        command = [sys.executable, str(EXAMPLE), service, fleet.urls[0], str(port)]

        async def listens() -> bool:
            try:
                async with session.get(url):
                    return True
            except aiohttp.ClientError:
                return False

        edges.append(Member(f"example-{port}", command, {}, fleet.folder, listens))
        edges[-1].start()
        await edges[-1].is_ready()
        return url

    yield started
    for edge in edges:
        await edge.kill()


async def test_it_answers_what_an_instance_answers(started, fleet, session):
    url = await started(SERVICE)
    for method, body in (("GET", None), ("POST", {"a": 1})):
        async with session.request(method, f"{url}/work?x=1", json=body) as answer:
            assert answer.status == 200
            assert (await answer.json())["instance"] in fleet.instances


@pytest.fixture
async def asleep(fleet):
    """Has every instance take a minute for an answer."""
    for instance in fleet.instances.values():
        await instance.tell("slow", ms="60000")
    yield
    for instance in fleet.instances.values():
        await instance.tell("slow", ms="0")


async def test_it_answers_504_when_the_callers_time_is_over(started, session, asleep):
    url = await started(SERVICE)
    async with session.get(f"{url}/work", headers={TIMEOUT_HEADER: "50"}) as answer:
        assert answer.status == 504


async def test_it_answers_503_and_when_to_come_back_when_there_is_no_instance(started, session):
    url = await started("nobody")
    async with session.get(f"{url}/work") as answer:
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(("service", "told"), [(SERVICE, "200 {"), ("nobody", "no answer: ")])
async def test_the_short_one_prints_what_an_instance_answers(fleet, service, told):
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SHORT_ONE), fleet.urls[0], service, "/work", stdout=PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    *_log, said = out.decode().splitlines()
    assert said.startswith(told)


@pytest.mark.parametrize("example", [EXAMPLE, SHORT_ONE], ids=lambda path: path.name)
def test_the_document_shows_it_as_it_is(example):
    shown = (ROOT / "docs/peer.md").read_text("utf-8")
    assert f"```python\n{example.read_text('utf-8')}```\n" in shown
