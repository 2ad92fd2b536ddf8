"""TLS to Consul: whom to trust, and by which certificate to be known."""

import ssl
from functools import cache
from pathlib import Path


class TlsFileError(ValueError):
    """A file that is not there, or does not hold what it should; ``file`` is its path."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file


@cache  # it takes up to 350 ms to make one without a CA file
def tls_context(ca_file: str = "", cert_file: str = "", key_file: str = "") -> ssl.SSLContext:
    """Return what ``ConsulOptions.tls`` takes; made once for the same files, and never read again.

    Without ``ca_file`` the system's authorities are trusted. ``key_file`` may be left out where
    ``cert_file`` holds the key too. Raises TlsFileError.
    """
    for file in filter(None, (ca_file, cert_file, key_file)):
        _readable(file)
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError as error:
        raise TlsFileError(ca_file, "holds no certificate (PEM)") from error
    if cert_file or key_file:
        _identify(context, cert_file, key_file)
    return context


def _readable(file: str) -> None:
    try:
        Path(file).read_bytes()
    except OSError as error:
        raise TlsFileError(file, error.strerror or "cannot be read") from error


def _identify(context: ssl.SSLContext, cert_file: str, key_file: str) -> None:
    if not cert_file:
        raise TlsFileError(key_file, "is a key without a certificate")
    try:
        # A password is never asked for: at the start of a service nobody is there to type it.
        context.load_cert_chain(cert_file, key_file or None, password=lambda: "")
    except ssl.SSLError as error:
        what = f"holds no certificate (PEM) that goes with the key in {key_file or 'the same file'}"
        raise TlsFileError(cert_file, what) from error
