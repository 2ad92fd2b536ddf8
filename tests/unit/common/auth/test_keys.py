"""Which keys are taken from a JWKS or from PEM, and for which algorithm."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.fakes.auth import jwks, key, pem_of, public_pem

from shop.common.auth.keys import (
    KeyFault,
    public_jwks,
    read_keys,
    shared_secret,
    signing_key,
    thumbprint,
)


def shown(private):
    return json.loads(public_jwks(private))["keys"][0]


def test_a_thumbprint_is_that_of_the_rfc():
    """RFC 7638, section 3.1."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKR"
        "XjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicA"
        "taSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XP"
        "ksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    assert thumbprint({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256"}) == (
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    )


@pytest.mark.parametrize(("kind", "algorithm"), [("EC", "ES256"), ("RSA", "RS256")])
def test_a_key_is_for_the_one_algorithm_of_its_kind(kind, algorithm):
    private = key(f"a-{kind}", kind)
    for content in (jwks(private), public_pem(private).encode()):
        assert read_keys(content)[private.kid].algorithm == algorithm


def test_a_key_is_found_by_its_own_id_and_by_its_thumbprint():
    private = key("a")
    found = read_keys(json.dumps({"keys": [{**shown(private), "kid": "2026-1"}]}).encode())
    assert set(found) == {"2026-1", private.kid}


def test_several_keys_may_stand_in_one_file():
    one, two = key("a"), key("b")
    assert set(read_keys((public_pem(one) + public_pem(two)).encode())) == {one.kid, two.kid}


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "alg": "HS256"},
        {"use": "enc"},
        {"alg": "ES512"},
        {"alg": "none"},
        {"crv": "P-521"},
        {"x": "AA"},
        {"kty": "OKP"},
    ],
)
def test_a_key_for_something_else_is_left_out(odd):
    good = key("a")
    other = {**shown(key("b")), "kid": "odd", **odd}
    content = json.dumps({"keys": [other, shown(good), "no key"]}).encode()
    assert set(read_keys(content)) == {good.kid}
    with pytest.raises(KeyFault):
        read_keys(json.dumps({"keys": [other]}).encode())


def test_a_private_key_is_no_public_one():
    private = pem_of(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(KeyFault):
        read_keys(private.encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"<html>", b'{"keys": 3}', b"\xff"])
def test_what_is_no_jwks_is_told(content):
    with pytest.raises(KeyFault):
        read_keys(content)


@pytest.mark.parametrize(
    "private",
    [
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 1024),
    ],
)
def test_a_signing_key_of_another_kind_or_too_short_is_refused(private):
    with pytest.raises(KeyFault):
        signing_key(pem_of(private))


@pytest.mark.parametrize("text", ["", "secret", public_pem(key("a"))])
def test_what_is_no_private_key_is_told(text):
    with pytest.raises(KeyFault, match="not a private key in PEM"):
        signing_key(text)


def test_a_shared_secret_has_32_bytes_or_more():
    assert shared_secret("x" * 32).algorithm == "HS256"
    with pytest.raises(KeyFault):
        shared_secret("x" * 31)
