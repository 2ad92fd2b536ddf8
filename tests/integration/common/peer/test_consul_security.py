"""A Consul that lets in only who has a token, and one that is reached by TLS."""

import json
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shop.common.peer import (
    ConsulClient,
    ConsulOptions,
    ConsulResolver,
    ConsulUnavailable,
    Registration,
    TlsFileError,
    tls_context,
)
from shop.local.consul import Consul
from shop.local.ports import free_port

MASTER = "3f8a3a5e-0c4b-4d6e-9a51-6d1c7b6f2a10"
ACL = f"""
acl {{
    enabled = true
    default_policy = "deny"
    tokens {{ master = "{MASTER}", agent = "{MASTER}" }}
}}
"""


# --- ACLs ----------------------------------------------------------------------------------------


@pytest.fixture
async def guarded(start_configured) -> Any:
    return await start_configured(ACL)


@pytest.fixture
async def token(guarded, service, session, eventually) -> str:
    """A token that may do what README.md says is needed, and nothing else."""
    rules = f"""
    service "{service}" {{ policy = "write" }}
    service_prefix "" {{ policy = "read" }}
    node_prefix "" {{ policy = "read" }}
    """

    async def made(path: str, **body: Any) -> Any:
        headers = {"X-Consul-Token": MASTER}
        url = f"{guarded.url}/v1/acl/{path}"
        async with session.put(url, json=body, headers=headers) as answer:
            return await answer.json() if answer.status == 200 else None

    async def policy() -> bool:  # ACLs are ready only some time after the leader is
        return await made("policy", Name="shop", Rules=rules) is not None

    await eventually(policy)
    return str((await made("token", Policies=[{"Name": "shop"}]))["SecretID"])


async def test_with_its_token_a_service_is_announced_found_and_taken_back(
    guarded, token, session, service, peer, announce, knows, monkeypatch
):
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "not-the-one")
    consul = ConsulClient(session, ConsulOptions((guarded.url,), token))
    one = await peer()
    registrar = await announce(consul, service, one)
    resolver = ConsulResolver(consul)
    await knows(resolver, service, one)
    assert await consul.knows(f"{service}-{one.port}")
    await registrar.deregister()
    assert not await consul.knows(f"{service}-{one.port}")
    await resolver.close()


async def test_under_another_name_it_is_not_let_in(guarded, token, session):
    consul = ConsulClient(session, ConsulOptions((guarded.url,), token))
    with pytest.raises(ConsulUnavailable, match=r"(?i)permission denied"):
        await consul.register(Registration("another", "another-1", "127.0.0.1", 9))


async def test_without_a_token_nothing_is_let_in_or_shown(
    guarded, token, session, service, peer, announce, knows, monkeypatch
):
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", MASTER)
    with_token = ConsulClient(session, ConsulOptions((guarded.url,), token))
    without = ConsulClient(session, ConsulOptions((guarded.url,)))
    one = await peer()
    await announce(with_token, service, one)
    resolver = ConsulResolver(with_token)
    await knows(resolver, service, one)
    assert (await without.passing(service)).instances == ()
    for call in (
        without.register(Registration(service, service, "127.0.0.1", 9)),
        without.knows(f"{service}-{one.port}"),
        without.deregister(f"{service}-{one.port}"),
    ):
        with pytest.raises(ConsulUnavailable, match=r"(?i)permission denied"):
            await call
    await resolver.close()


# --- TLS -----------------------------------------------------------------------------------------

Files = Callable[[str], str]


def _run(*command: str | Path, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
async def files(program_of, tmp_path) -> Files:
    """Certificates as an operator makes them, by ``consul tls``; and an authority not in use."""
    program = await program_of(Consul())
    for folder in (tmp_path, tmp_path / "other"):
        folder.mkdir(exist_ok=True)
        for command in ("ca create", "cert create -server", "cert create -client"):
            _run(program, "tls", *command.split(), folder=folder)
    return lambda name: str(tmp_path / name)


CA, CERT, KEY = "consul-agent-ca.pem", "dc1-client-consul-0.pem", "dc1-client-consul-0-key.pem"


@pytest.fixture
async def secured_url(start_configured, files) -> str:
    """The https address of a Consul that asks its callers for a certificate."""
    port = free_port()
    await start_configured(f"""
        ports {{ https = {port} }}
        ca_file = {json.dumps(files(CA))}
        cert_file = {json.dumps(files("dc1-server-consul-0.pem"))}
        key_file = {json.dumps(files("dc1-server-consul-0-key.pem"))}
        verify_incoming_https = true
    """)
    return f"https://127.0.0.1:{port}"


async def test_by_tls_and_with_a_certificate_services_are_announced_and_found(
    secured_url, files, session, service, peer, announce, knows
):
    tls = tls_context(files(CA), files(CERT), files(KEY))
    consul = ConsulClient(session, ConsulOptions((secured_url,), tls=tls))
    one = await peer()
    await announce(consul, service, one)
    resolver = ConsulResolver(consul)
    await knows(resolver, service, one)
    await resolver.close()


async def test_a_consul_of_another_authority_is_not_trusted(secured_url, files, session):
    options = ConsulOptions((secured_url,), tls=tls_context(files(f"other/{CA}")))
    for each in (options, replace(options, tls=None)):
        with pytest.raises(ConsulUnavailable, match=r"(?i)certificate verify failed"):
            await ConsulClient(session, each).knows("x")


async def test_without_a_certificate_of_its_own_it_is_not_let_in(secured_url, files, session):
    consul = ConsulClient(session, ConsulOptions((secured_url,), tls=tls_context(files(CA))))
    with pytest.raises(ConsulUnavailable):
        await consul.knows("x")


async def test_certificate_and_key_may_stand_in_one_file(files, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text(Path(files(CERT)).read_text() + Path(files(KEY)).read_text())
    assert tls_context(files(CA), str(both)).verify_mode is ssl.CERT_REQUIRED


async def test_a_key_that_is_not_the_certificates_is_refused(files):
    with pytest.raises(TlsFileError, match="goes with the key") as error:
        tls_context(files(CA), files(CERT), files(f"other/{KEY}"))
    assert error.value.file == files(CERT)
