"""Keys over HTTP and in files: rotated, away, forged; and never waited for without need."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.fakes.auth import jwks, key, token
from tests.integration.common.auth.issuer import IssuerServer, serving

from shop.common import auth
from shop.common.auth.issuer import PEOPLE, Issuer
from shop.common.auth.key_set import KeyOptions, KeySet
from shop.common.auth.sources import KeyAddress, KeyFile, source_of
from shop.common.errors import Unavailable

OLD, NEW = key("old"), key("new")


@pytest.fixture
async def server() -> AsyncIterator[IssuerServer]:
    async with serving(IssuerServer(content=jwks(OLD))) as issuer:
        yield issuer


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def keys_at(issuer: IssuerServer, session: aiohttp.ClientSession, **options: float) -> KeySet:
    source = KeyAddress(issuer.url)
    source.session = session
    return KeySet("people", source, KeyOptions(**options))


async def eventually(condition, within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_the_keys_are_asked_for_once_for_all_who_want_them(server, session):
    server.go.clear()
    keys = keys_at(server, session)
    wanted = [asyncio.create_task(keys.get(OLD.kid)) for _ in range(20)]
    await eventually(lambda: server.asked == 1)
    server.go.set()
    assert {found.kid for found in await asyncio.gather(*wanted)} == {OLD.kid}
    assert server.asked == 1


async def test_a_new_key_is_found_when_the_first_token_names_it(server, session):
    keys = keys_at(server, session, pause_s=0)
    assert await keys.get(OLD.kid)
    server.content = jwks(OLD, NEW)
    found = await keys.get(NEW.kid)
    assert found is not None
    assert found.kid == NEW.kid


async def test_invented_ids_do_not_become_a_flood_at_the_issuer(server, session):
    keys = keys_at(server, session, pause_s=3600)
    await keys.renew()
    for number in range(50):
        assert await keys.get(f"invented-{number}") is None
    assert server.asked == 1


@pytest.mark.parametrize(
    ("status", "content"), [(500, b""), (200, b"<html>"), (302, b""), (200, b" " * 300_000)]
)
async def test_what_was_known_last_stands_while_the_issuer_fails(server, session, status, content):
    keys = keys_at(server, session, pause_s=0)
    assert await keys.get(OLD.kid)
    server.status, server.content = status, content
    await keys.renew()
    assert server.asked == 2
    assert await keys.get(OLD.kid)


async def test_without_any_keys_a_token_can_neither_be_taken_nor_refused(session):
    keys = keys_at(IssuerServer(), session, pause_s=0)  # nobody listens there
    with pytest.raises(Unavailable):
        await keys.get(OLD.kid)


async def test_keys_are_renewed_by_themselves_before_they_are_old(server, session):
    server.headers["Cache-Control"] = "public, max-age=0"
    keys = keys_at(server, session, age_min_s=0.01)
    task = asyncio.create_task(keys.keep())
    try:
        await eventually(lambda: server.asked >= 2)
        server.content = jwks(NEW)
        asked = server.asked
        await eventually(lambda: server.asked >= asked + 2)
        assert await keys.get(OLD.kid) is None
        assert await keys.get(NEW.kid)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_token_whose_key_was_taken_back_is_no_longer_known(server, session):
    keys = keys_at(server, session, pause_s=0)
    checks = auth.Verifier([Issuer("people", keys, PEOPLE)], "shop")
    keys.changed = checks.forget
    text = token(OLD)
    await checks.verify(text)
    assert checks.known(text)
    server.content = jwks(NEW)
    await keys.renew()
    assert checks.known(text) is None
    with pytest.raises(auth.InvalidToken):
        await checks.verify(text)


async def test_a_file_is_read_again_when_it_has_changed(tmp_path):
    file = tmp_path / "keys.json"
    file.write_bytes(jwks(OLD))
    keys = KeySet("people", KeyFile(str(file)), KeyOptions(pause_s=0))
    assert await keys.get(OLD.kid)
    file.write_bytes(jwks(NEW))
    assert await keys.get(NEW.kid)
    file.unlink()
    await keys.renew()
    assert await keys.get(NEW.kid)


@pytest.mark.parametrize("place", ["http://keys.example.com/jwks", "ftp://127.0.0.1/jwks"])
def test_keys_that_anyone_on_the_way_could_forge_are_not_asked_for(place):
    with pytest.raises(ValueError, match="neither a file nor an https"):
        source_of(place)


def test_this_machine_may_be_asked_without_tls():
    assert isinstance(source_of("http://127.0.0.1:8000/jwks"), KeyAddress)
    assert isinstance(source_of("https://keys.example.com/jwks"), KeyAddress)
    assert isinstance(source_of("/run/secrets/keys.pem"), KeyFile)
