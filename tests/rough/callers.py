"""Who attacks: each kind of caller that an operation lets in, by good tokens; and forgers."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from hypothesis import strategies as st
from tests.rough.bodies import MARK

from shop.common.auth import Key, signing_key
from shop.common.caller import Caller, Kind
from shop.local.keys import AUDIENCE, ISSUER, ORDER, Keys
from shop.local.token import scopes


class Callers:
    """Of a shop on this machine; the shopper is the customer that exists."""

    def __init__(self, folder: Path, customer_id: str) -> None:
        self._keys = Keys(folder)
        self._issuer = signing_key((folder / "issuer-key.pem").read_text())
        self._public = (folder / "issuer-public.pem").read_bytes()
        self._callers = {
            Kind.STAFF: Caller(Kind.STAFF, "rough-staff", frozenset(scopes())),
            Kind.SHOPPER: Caller(Kind.SHOPPER, "rough-shopper", customer_id=customer_id),
            Kind.SERVICE: Caller(Kind.SERVICE, ORDER),
        }

    def token(self, kind: Kind) -> str:
        """Return a token that is good; a new one, since a service's soon expires."""
        return self._keys.token(self._callers[kind])

    def header(self, kind: Kind) -> tuple[str, str]:
        """Return what shows that one of this kind asks."""
        return "Authorization", f"Bearer {self.token(kind)}"

    def forge(self, forgery: "Forgery") -> tuple[str, bytes]:
        """Return what shows that somebody would like to be staff."""
        return "Authorization", forgery(self.token(Kind.STAFF), self._issuer, self._public)


Forgery = Callable[[str, Key, bytes], bytes]

_SCHEMES = (
    *(b"", b"Bearer", b"Bearer ", b"Basic dTpw", b"%s", b"Bearer%s", b"Bearer %s, %s", b"Token %s"),
    *(b"Bearer Bearer %s", b"Bearer %s.", b'Bearer "%s"', b"Digest username=%s", b"Bearer \xff%s"),
)
_TEXTS = (
    *(b".", b"..", b"a.b.c", b"null", b"....", b"=.=.=", b"\xff.\xff.\xff", b"e30.e30.e30"),
    *(b"".join([b"eyJhbGciOiJub25lIn0", b".e30."]), b"A" * 4097, b"A" * 8000, MARK.encode() * 3),
)
_HEADERS: tuple[dict[str, Any], ...] = (
    *({"alg": alg} for alg in ("none", "None", "HS256", "ES512", "", None, 1, ["ES256"], {})),
    *({"kid": kid} for kid in ("../../etc/passwd", "", None, 7, {"$gt": ""}, ["a"], "x" * 3000)),
    *({"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"}, {"typ": 1}, {"cty": {}}),
    *({"jku": "http://127.0.0.1:9/"}, {"x5u": "file:///etc/passwd"}, {"jwk": {"kty": "oct"}}),
)
_CLAIMS: tuple[dict[str, Any], ...] = (
    *({"exp": exp} for exp in (0, -1, 1e308, 10**400, float("inf"), float("nan"), "1", True, [])),
    *({"iat": iat} for iat in (10**12, float("inf"), None, "now", {})),
    *({"nbf": nbf} for nbf in (10**12, float("nan"), "soon", [1])),
    *({"aud": aud} for aud in ("", None, 1, {}, ["nobody"], {"$ne": ""})),
    *({"iss": iss} for iss in (ORDER, "", None, 1, ["a"], {"$gt": ""}, "\0", MARK)),
    *({"sub": sub} for sub in ("", " ", "a b", None, 1, ["a"], {"$gt": ""}, "\0", "\ud800")),
    *({"kind": kind} for kind in ("service", "anyone", "admin", "", None, 1, ["staff"], {})),
    *({"scope": scope} for scope in (1, ["orders:read"], {"$in": []})),
    {"kind": "shopper"},
    *({"kind": "shopper", "customer_id": which} for which in ("", 1, ["a"], {"$ne": None}, "a b")),
)


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _scheme(scheme: bytes) -> Forgery:
    return lambda good, _, __: scheme.replace(b"%s", good.encode())


def _text(text: bytes) -> Forgery:
    return lambda _, __, ___: b"Bearer " + text


def _changed(at: int, byte: int) -> Forgery:
    """One letter is another one; but the last, whose bits are not all part of the signature."""

    def forged(good: str, _: Key, __: bytes) -> bytes:
        place = at % (len(good) - 1)
        other = byte if ord(good[place]) != byte else byte + 1
        return b"Bearer " + good[:place].encode() + bytes([other]) + good[place + 1 :].encode()

    return forged


def _cut(at: int) -> Forgery:
    return lambda good, _, __: b"Bearer " + good[: at % len(good)].encode()


def _headed(header: dict[str, Any]) -> Forgery:
    """The head says what the signature does not bear out; or a public key is taken for a secret."""

    def forged(good: str, key: Key, public: bytes) -> bytes:
        claims = good.split(".")[1].encode()
        head = {"alg": key.algorithm, "kid": key.kid, **header}
        signed = _encoded(json.dumps(head).encode()) + b"." + claims
        return b"Bearer " + signed + b"." + _encoded(hmac.digest(public, signed, hashlib.sha256))

    return forged


def _claiming(claims: dict[str, Any]) -> Forgery:
    """It is signed as it should be, by an issuer that says nonsense."""

    def forged(good: str, key: Key, _: bytes) -> bytes:
        said = jwt.decode(good, options={"verify_signature": False})
        assert (said["iss"], said["aud"]) == (ISSUER, AUDIENCE)
        return b"Bearer " + _signed(json.dumps(said | claims).encode(), key)

    return forged


def _deep(depth: int) -> Forgery:
    return lambda _, key, __: b"Bearer " + _signed(b'{"a":' * depth + b"1" + b"}" * depth, key)


def _signed(claims: bytes, key: Key) -> bytes:
    headers = {"kid": key.kid}
    return jwt.api_jws.encode(claims, key.material, key.algorithm, headers=headers).encode()


def forgeries() -> st.SearchStrategy[Forgery]:
    """What nobody is let in by."""
    return st.one_of(
        st.sampled_from(_SCHEMES).map(_scheme),
        st.sampled_from(_TEXTS).map(_text),
        st.builds(_changed, st.integers(0, 2000), st.integers(0x41, 0x59)),
        st.builds(_cut, st.integers(0, 2000)),
        st.sampled_from(_HEADERS).map(_headed),
        st.sampled_from(_CLAIMS).map(_claiming),
        st.sampled_from([10, 100, 400]).map(_deep),
    )
