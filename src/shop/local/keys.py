"""The keys of a shop on one machine: who gives its callers their tokens, and who order is.

Here, and in ``compose/secrets``, they stand in four files of PEM; elsewhere an identity provider
has the first pair, and nobody but order the private key of the second.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec

from shop.common import auth
from shop.common.caller import Caller, Kind
from shop.local.errors import LocalError

ISSUER = "shop-local"
AUDIENCE = "shop"
ORDER = "order"
PERSON_LIFE_S = 12 * 3600
_OWN, _OWN_FILE = "SHOP_AUTH_SERVICE_KEY", "SHOP_AUTH_SERVICE_KEY_FILE"


@dataclass(frozen=True)
class Keys:
    """The keys in a folder."""

    folder: Path

    def make(self) -> None:
        """Make the pairs that are missing, readable for their owner alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("issuer", ORDER):
            if not (self._private(name).exists() and self._public(name).exists()):
                self._make(name)

    def variables(self, service: str) -> dict[str, str]:
        """Return what an instance of a service is told, as variables."""
        told = {
            "SHOP_AUTH_ISSUERS": f"{ISSUER}={self._public('issuer')}",
            "SHOP_AUTH_SERVICES": f"{ORDER}={self._public(ORDER)}",
        }
        if service == ORDER and _OWN not in os.environ:
            told[_OWN_FILE] = str(self._private(ORDER))
        return told

    def token(self, caller: Caller) -> str:
        """Return a token for a caller; raise LocalError where there are no keys."""
        service = caller.kind is Kind.SERVICE
        key = self._key(ORDER if service else "issuer")
        if service:
            return auth.mint(caller, key, ORDER, AUDIENCE)
        return auth.mint(caller, key, ISSUER, AUDIENCE, PERSON_LIFE_S)

    def _key(self, name: str) -> auth.Key:
        path = self._private(name)
        try:
            return auth.signing_key(path.read_text())
        except FileNotFoundError:
            raise LocalError(
                f"There are no keys in {self.folder}. Make them: python -m shop up (or, for "
                "compose, compose/secrets.sh and --keys compose/secrets)"
            ) from None
        except (OSError, auth.KeyFault) as error:
            raise LocalError(f"{path}: {error}") from None

    def _private(self, name: str) -> Path:
        return self.folder / f"{name}-key.pem"

    def _public(self, name: str) -> Path:
        return self.folder / f"{name}-public.pem"

    def _make(self, name: str) -> None:
        private, public = new_pair()
        _write(self._private(name), private)
        _write(self._public(name), public)


def new_pair() -> tuple[str, str]:
    """Return a private key for ES256 and its public one, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    public = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _write(path: Path, content: str) -> None:
    """Write a file that is there as a whole or not at all, and for its owner alone."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(content)
    new.replace(path)
