"""A certificate that is no good is told at once, and one that changes is taken."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from structlog.testing import capture_logs

from shop.common import tls
from shop.common.config import TlsConfig
from shop.common.settings import ConfigError

CA = trustme.CA()
LONG_AGO = datetime.now(UTC) - timedelta(days=2)


class Files:
    """The three files, as an operator would write them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = TlsConfig(*(str(folder / name) for name in ("cert", "key", "ca")))

    def write(self, name: str, *contents: trustme.Blob) -> None:
        fresh = self.folder / f"{name}.new"
        fresh.write_bytes(b"".join(content.bytes() for content in contents))
        fresh.rename(self.folder / name)

    def issue(self, ca: trustme.CA = CA, not_after: datetime | None = None) -> trustme.LeafCert:
        leaf = ca.issue_cert("customer", not_after=not_after)
        self.write("cert", *leaf.cert_chain_pems)
        self.write("key", leaf.private_key_pem)
        return leaf


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path)
    files.issue()
    files.write("ca", CA.cert_pem)
    return files


def shown(certificates: tls.Certificates) -> str:
    """Return the number of the certificate that a server of these shows to who comes now."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = certificates.client.wrap_bio(to_client, to_server, server_hostname="customer")
    server = certificates.server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (caller, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    told = caller.getpeercert()
    assert told
    assert server.getpeercert()
    return str(told["serialNumber"])


def test_without_files_there_is_no_tls() -> None:
    assert tls.load(TlsConfig()) is None


def test_both_ends_know_each_other(files: Files) -> None:
    certificates = tls.load(files.config)
    assert certificates is not None
    assert certificates.asks
    assert shown(certificates)


def until(*certificates: trustme.LeafCert | trustme.CA) -> list[float]:
    """Return when they expire."""
    pems = [
        each.cert_pem if isinstance(each, trustme.CA) else each.cert_chain_pems[0]
        for each in certificates
    ]
    return [
        x509.load_pem_x509_certificate(pem.bytes()).not_valid_after_utc.timestamp() for pem in pems
    ]


def test_it_is_known_until_when_they_hold(files: Files) -> None:
    soon = datetime.now(UTC) + timedelta(days=3)
    leaf, other = files.issue(not_after=soon), trustme.CA()
    files.write("ca", CA.cert_pem, other.cert_pem)
    certificates = tls.load(files.config)
    assert certificates is not None
    assert certificates.expire_s["own"] == until(leaf)[0] == pytest.approx(soon.timestamp(), abs=1)
    assert certificates.expire_s["authority"] == min(until(CA, other))


def test_of_a_chain_that_which_is_over_first_counts(files: Files) -> None:
    between = CA.create_child_ca()
    leaf = between.issue_cert("customer", not_after=datetime(2099, 1, 1, tzinfo=UTC))
    files.write("cert", *leaf.cert_chain_pems)
    files.write("key", leaf.private_key_pem)
    certificates = tls.load(TlsConfig(files.config.cert_file, files.config.key_file))
    assert certificates is not None
    assert certificates.expire_s == {"own": min(until(leaf, between))}


def test_without_an_authority_nobody_is_asked_who_they_are(files: Files) -> None:
    certificates = tls.load(TlsConfig(files.config.cert_file, files.config.key_file))
    assert certificates is not None
    assert not certificates.asks
    assert certificates.server.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: f.issue(not_after=LONG_AGO), "SHOP_TLS_CERT: .*certificate has expired"),
        (lambda f: f.issue(trustme.CA()), "SHOP_TLS_CERT: .*unable to get local issuer"),
        (
            lambda f: f.write("key", CA.issue_cert("x").private_key_pem),
            "goes with the key in .*key",
        ),
        (lambda f: f.write("cert", trustme.Blob(b"no PEM")), "SHOP_TLS_CERT: .*holds no"),
        (lambda f: f.write("ca", trustme.Blob(b"no PEM")), "SHOP_TLS_CA: .*holds no certificate"),
        (lambda f: (f.folder / "cert").unlink(), "SHOP_TLS_CERT: .*No such file"),
        (lambda f: (f.folder / "key").unlink(), "SHOP_TLS_KEY: .*No such file"),
        (lambda f: (f.folder / "ca").unlink(), "SHOP_TLS_CA: .*No such file"),
    ],
)
def test_what_is_no_good_is_told(files: Files, spoil: Callable[[Files], object], told: str) -> None:
    spoil(files)
    with pytest.raises(ConfigError, match=told):
        tls.load(files.config)


def test_an_expired_one_is_told_without_an_authority_too(files: Files) -> None:
    files.issue(not_after=LONG_AGO)
    with pytest.raises(ConfigError, match="has expired"):
        tls.load(TlsConfig(files.config.cert_file, files.config.key_file))


@pytest.mark.parametrize("name", ["key_file", "ca_file"])
def test_a_key_or_an_authority_without_a_certificate_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match="but SHOP_TLS_CERT is not"):
        tls.load(TlsConfig(**{name: "some.pem"}))


class Looks:
    """Lets ``keep`` look when the test says so."""

    def __init__(self) -> None:
        self._go = asyncio.Event()
        self._waits = asyncio.Event()

    async def sleep(self, _s: float) -> None:
        self._waits.set()
        await self._go.wait()
        self._go.clear()

    async def once(self) -> None:
        """Return when it has looked."""
        await self._waits.wait()
        self._waits.clear()
        self._go.set()
        await self._waits.wait()


@pytest.fixture
def kept(files: Files) -> tls.Certificates:
    certificates = tls.load(files.config)
    assert certificates is not None
    return certificates


async def test_what_changes_is_taken_and_what_is_no_good_is_not(
    files: Files, kept: tls.Certificates
) -> None:
    looks, first = Looks(), shown(kept)
    task = asyncio.create_task(kept.keep(sleep=looks.sleep))
    try:
        await looks.once()
        assert shown(kept) == first
        taken = files.issue(not_after=datetime.now(UTC) + timedelta(days=5))
        await looks.once()
        second = shown(kept)
        assert second != first
        assert kept.expire_s["own"] == until(taken)[0]
        files.issue(not_after=LONG_AGO)
        with capture_logs() as logs:
            await looks.once()
        assert shown(kept) == second
        assert kept.expire_s["own"] == until(taken)[0]
        assert "has expired" in logs[0]["error"]
        assert logs[0]["log_level"] == "error"
        files.issue()
        await looks.once()
        assert shown(kept) not in (first, second)
    finally:
        task.cancel()


async def test_a_new_authority_is_taken_beside_the_old_one(
    files: Files, kept: tls.Certificates
) -> None:
    looks, other = Looks(), trustme.CA()
    task = asyncio.create_task(kept.keep(sleep=looks.sleep))
    try:
        files.write("ca", CA.cert_pem, other.cert_pem)
        await looks.once()
        files.issue(other)
        await looks.once()
        assert shown(kept)
    finally:
        task.cancel()
