"""Which tokens are taken, and what they say of a caller."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from tests.fakes.auth import jwks, key, public_pem, token

from shop.common.auth.errors import InvalidToken
from shop.common.auth.issuer import PEOPLE, SERVICES, Issuer
from shop.common.auth.key_set import FixedKey, KeySet
from shop.common.auth.keys import Key, shared_secret
from shop.common.auth.minting import SERVICE_LIFE_S, ServiceToken, mint
from shop.common.auth.sources import Fetched
from shop.common.auth.verifier import Verifier, VerifierOptions
from shop.common.caller import Caller, Kind

PERSON, RSA, ORDER, STRANGER = key("person"), key("rsa", "RSA"), key("order"), key("stranger")


class Told:
    """A source that tells what it was given."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def fetch(self) -> Fetched:
        return Fetched(self.content)


class Time:
    """The time of day, which a test may put forward."""

    ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


def verifier(**options):
    people = KeySet("people", Told(jwks(PERSON, RSA)))
    order = KeySet("order", Told(public_pem(ORDER).encode()))
    issuers = [Issuer("people", people, PEOPLE), Issuer("order", order, SERVICES, "order")]
    return Verifier(issuers, "shop", **options)


async def test_a_shopper_is_known_by_its_customer():
    found = await verifier().verify(token(PERSON))
    assert found == Caller(Kind.SHOPPER, "u1", customer_id="cus_1")


async def test_staff_has_the_scopes_of_its_token():
    said = {"kind": "staff", "scope": "orders:read  orders:pay", "customer_id": None}
    found = await verifier().verify(token(RSA, **said))
    assert found == Caller(Kind.STAFF, "u1", frozenset({"orders:read", "orders:pay"}))


async def test_a_service_has_its_name_as_its_only_scope():
    said = {"iss": "order", "sub": "order", "kind": "service", "scope": "orders:pay"}
    found = await verifier().verify(token(ORDER, **said))
    assert found == Caller(Kind.SERVICE, "order", frozenset({"order"}))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"iat": 2**33}, "not valid yet"),
        ({"nbf": 2**33}, "not valid yet"),
        ({"aud": "bank"}, "another audience"),
        ({"aud": None}, "lacks one of"),
        ({"exp": None}, "lacks one of"),
        ({"iat": None}, "lacks one of"),
        ({"sub": None}, "lacks one of"),
        ({"iss": None}, "issuer is not known"),
        ({"iss": "elsewhere"}, "issuer is not known"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": 10**400}, "exp and iat must be numbers of seconds"),
        ({"exp": 1e300}, "exp and iat must be numbers of seconds"),
        ({"sub": "a b"}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"kind": None}, "kind"),
        ({"kind": "anyone"}, "kind"),
        ({"kind": "service"}, "kind"),
        ({"kind": ["staff"]}, "kind"),
        ({"customer_id": None}, "customer_id"),
        ({"customer_id": "cus 1"}, "customer_id"),
        ({"customer_id": 7}, "customer_id"),
        ({"kind": "staff", "scope": ["orders:read"]}, "scope"),
    ],
)
async def test_a_token_that_says_something_wrong_is_refused(claims, reason):
    with pytest.raises(InvalidToken, match=reason):
        await verifier().verify(token(PERSON, **claims))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "order", "sub": "order", "kind": "staff"},
        {"iss": "order", "sub": "order", "kind": "shopper"},
        {"iss": "order", "sub": "product", "kind": "service"},
        {"iss": "people", "sub": "order", "kind": "service"},
    ],
)
async def test_a_services_key_speaks_for_that_service_alone(claims):
    with pytest.raises(InvalidToken):
        await verifier().verify(token(ORDER, **claims))


async def test_a_services_token_that_lives_long_is_refused():
    now = int(time.time())
    said = {"iss": "order", "sub": "order", "kind": "service", "iat": now, "exp": now + 86400}
    with pytest.raises(InvalidToken, match="900 s at most"):
        await verifier().verify(token(ORDER, **said))


async def test_clocks_may_differ_a_little():
    now = int(time.time())
    assert await verifier().verify(token(PERSON, exp=now - 2, iat=now + 2))


# --- Signatures ---


def part(content: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def claims_of(text: str) -> dict:
    return dict(jwt.decode(text, options={"verify_signature": False}))


async def test_a_stranger_with_a_known_id_is_refused():
    forged = Key(PERSON.kid, STRANGER.algorithm, STRANGER.material)
    with pytest.raises(InvalidToken, match="signature is wrong"):
        await verifier().verify(token(forged))


async def test_a_token_without_an_algorithm_is_refused():
    said = claims_of(token(PERSON))
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT', 'kid': PERSON.kid})}.{part(said)}."
    with pytest.raises(InvalidToken):
        await verifier().verify(unsigned)


async def test_a_public_key_is_never_the_secret_of_an_hmac():
    for secret in (public_pem(PERSON).encode(), public_pem(RSA).encode()):
        head = part({"alg": "HS256", "typ": "JWT", "kid": PERSON.kid})
        signed = f"{head}.{part(claims_of(token(PERSON)))}"
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        forged = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        with pytest.raises(InvalidToken, match="no key that is known"):
            await verifier().verify(forged)


async def test_a_key_is_used_with_its_own_algorithm_only():
    """The header names an RSA key, and the signature is one of the EC key."""
    with pytest.raises(InvalidToken, match="no key that is known"):
        await verifier().verify(token(PERSON, headers={"kid": RSA.kid}))


async def test_without_an_id_the_only_key_is_taken_and_of_several_none():
    said = {"iss": "order", "sub": "order", "kind": "service"}
    assert await verifier().verify(token(ORDER, headers={"kid": None}, **said))
    with pytest.raises(InvalidToken, match="no key that is known"):
        await verifier().verify(token(PERSON, headers={"kid": None}))


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "..", "\x00", "é.é.é", "x" * 5000])
async def test_what_is_no_token_is_refused(text):
    with pytest.raises(InvalidToken):
        await verifier().verify(text)


async def test_a_shared_secret_signs_all_kinds():
    secret = shared_secret("s" * 32)
    kinds = frozenset(set(Kind) - {Kind.ANYONE})
    checks = Verifier([Issuer("shop-development", FixedKey(secret), kinds)], "shop")
    for caller in (
        Caller(Kind.SHOPPER, "u", customer_id="cus_1"),
        Caller(Kind.STAFF, "u", frozenset({"a", "b"})),
        Caller(Kind.SERVICE, "order", frozenset({"order"})),
    ):
        assert await checks.verify(mint(caller, secret, "shop-development", "shop")) == caller


# --- What was checked before ---


async def test_a_token_that_was_checked_is_known_until_it_expires():
    clock = Time()
    checks, text = verifier(clock=clock), token(PERSON)
    assert checks.known(text) is None
    found = await checks.verify(text)
    assert checks.known(text) is found
    clock.ahead_s = 70  # 60, and the leeway
    assert checks.known(text) is None


async def test_a_token_that_was_refused_is_not_known():
    checks, text = verifier(), token(STRANGER)
    with pytest.raises(InvalidToken):
        await checks.verify(text)
    assert checks.known(text) is None


async def test_only_so_many_are_remembered_and_the_oldest_goes():
    checks = verifier(options=VerifierOptions(known_max=2))
    texts = [token(PERSON, sub=f"u{number}") for number in range(3)]
    for text in texts:
        await checks.verify(text)
    assert [checks.known(text) is not None for text in texts] == [False, True, True]


# --- A service's own token ---


async def test_a_service_renews_its_token_ahead_of_time():
    clock = Time()
    own = ServiceToken("order", ORDER, "order", "shop", clock=clock)
    first = own.headers()
    assert own.headers() is first
    assert (await verifier().verify(first["Authorization"].partition(" ")[2])).subject == "order"
    clock.ahead_s = SERVICE_LIFE_S - 30  # it would hold for half a minute more
    assert own.headers() != first
