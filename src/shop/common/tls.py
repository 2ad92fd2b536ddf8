"""TLS between services: a certificate from files, which are read again when they change.

One certificate says who this service is, to those who call it and to those whom it calls. With an
authority (``SHOP_TLS_CA``) that holds both ways: only who has a certificate of it may call, and
only such are called. What is new holds for connections that are made from then on; those that are
there stay as they are.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from shop.common.background import running
from shop.common.config import TlsConfig
from shop.common.settings import ConfigError

_LOOK_S = 5.0
_State = tuple[tuple[int, int, int], ...]

log = structlog.get_logger()


@dataclass(frozen=True)
class Certificates:
    """The two contexts: ``server`` for who calls us, ``client`` for whom we call.

    ``asks``: whether who calls is asked for a certificate. ``expire_s``: the time of day (Unix)
    until which the service's own certificate (``own``) and its authorities (``authority``) hold;
    of several in a file, that which is over first.
    """

    config: TlsConfig
    server: ssl.SSLContext
    client: ssl.SSLContext
    expire_s: dict[str, float] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether operations are only for those who show a certificate."""
        return bool(self.config.ca_file)

    async def keep(
        self, look_s: float = _LOOK_S, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Take what changes in the files, within ``look_s``; what is no good is told, and left."""
        known = await asyncio.to_thread(_state, self.config)
        while True:
            await sleep(look_s)
            found = await asyncio.to_thread(_state, self.config)
            if found != known:
                known = found
                await asyncio.to_thread(self._take)

    def _take(self) -> None:
        try:
            _rehearse(self.config)
        except ConfigError as error:
            log.error("certificate not taken, the one before stays", error=str(error))
            return
        for context in (self.server, self.client):
            _fill(context, self.config)
        self.expire_s.update(_expiries(self.config))
        log.info("certificate taken", file=self.config.cert_file)


def load(config: TlsConfig) -> Certificates | None:
    """Return what the files hold, None if none are named; raise ConfigError for what is no good."""
    if not config.cert_file:
        for name, file in (("KEY", config.key_file), ("CA", config.ca_file)):
            if file:
                raise ConfigError(f"SHOP_TLS_{name}: is set, but SHOP_TLS_CERT is not.")
        return None
    server, client = _rehearse(config)
    return Certificates(config, server, client, _expiries(config))


@asynccontextmanager
async def opened(config: TlsConfig) -> AsyncIterator[Certificates | None]:
    """Give what the files hold, and keep it as they are while the code inside runs."""
    certificates = load(config)
    if certificates is None:
        yield None
        return
    async with running(certificates.keep()):
        yield certificates


def _rehearse(config: TlsConfig) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return new contexts that have been seen to work; raise ConfigError where they do not.

    A server and a client of this certificate shake hands in memory: so an expired one, or one of
    another authority, is told here, and not by each caller.
    """
    server, client = _empty(config)
    for context in (server, client):
        _fill(context, config)
    strict_server, strict_client = _empty(config)
    for context in (strict_server, strict_client):
        _fill(context, config)
        if not config.ca_file:  # it cannot be known who will trust it; but its time can
            context.load_verify_locations(config.cert_file)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    strict_server.verify_mode, strict_client.check_hostname = ssl.CERT_REQUIRED, False
    try:
        _shake_hands(strict_server, strict_client)
    except ssl.SSLCertVerificationError as error:
        raise ConfigError(f"SHOP_TLS_CERT: {config.cert_file}: {error.verify_message}.") from None
    except ssl.SSLError as error:
        raise ConfigError(f"SHOP_TLS_CERT: {config.cert_file}: {error.reason}.") from None
    return server, client


def _empty(config: TlsConfig) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if config.ca_file:
        server.verify_mode = ssl.CERT_OPTIONAL  # who shows none may ask how we are, see ``web``
    else:
        client.load_default_certs()
    for context in (server, client):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return server, client


def _fill(context: ssl.SSLContext, config: TlsConfig) -> None:
    """Make a context show this certificate from now on; raise ConfigError for a file that is bad.

    Authorities can only be added to a context.
    """
    for name, file in (
        ("CERT", config.cert_file),
        ("KEY", config.key_file),
        ("CA", config.ca_file),
    ):
        _check_readable(name, file)
    try:
        context.load_cert_chain(config.cert_file, config.key_file or None, password=lambda: "")
    except ssl.SSLError:
        where = config.key_file or "the same file"
        raise ConfigError(
            f"SHOP_TLS_CERT: {config.cert_file} holds no certificate (PEM) that goes with the key "
            f"in {where}."
        ) from None
    if config.ca_file:
        try:
            context.load_verify_locations(config.ca_file)
        except ssl.SSLError:
            raise ConfigError(
                f"SHOP_TLS_CA: {config.ca_file} holds no certificate (PEM)."
            ) from None


def _expiries(config: TlsConfig) -> dict[str, float]:
    """Return until when the files hold; without what only OpenSSL can read."""
    if not config.cert_file and not config.ca_file:
        return {}
    from cryptography import x509  # 5 MB, which a service without certificates does not need

    found = {}
    for name, file in (("own", config.cert_file), ("authority", config.ca_file)):
        with suppress(ValueError, OSError):
            certificates = x509.load_pem_x509_certificates(Path(file).read_bytes()) if file else []
            if certificates:
                found[name] = min(each.not_valid_after_utc.timestamp() for each in certificates)
    return found


def _check_readable(name: str, file: str) -> None:
    try:
        if file:
            Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"SHOP_TLS_{name}: {file}: {error.strerror}.") from None


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):  # TLS 1.3 takes two turns, 1.2 three
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def _state(config: TlsConfig) -> _State:
    """Return what changes when a file does: a rename, a link to elsewhere, a write in place."""
    found = []
    for file in filter(None, (config.cert_file, config.key_file, config.ca_file)):
        try:
            stat = Path(file).stat()
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
        except OSError:  # in the middle of being replaced
            found.append((0, 0, 0))
    return tuple(found)
