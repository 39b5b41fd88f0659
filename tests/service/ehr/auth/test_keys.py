import json

import pytest
from joserfc.jwk import ECKey, RSAKey

from service.ehr.auth.keys import public_set, read_keys
from tests.service.ehr.auth.keys import as_pem, as_set, ec_key, rsa_key


def test_of_several_the_first_one_signs():
    assert [key.algorithm for key in read_keys(as_pem(rsa_key()) + as_pem(ec_key()))] == ["RS384", "ES384"]
    assert [key.algorithm for key in read_keys(as_set(ec_key(), rsa_key()))] == ["ES384", "RS384"]


def test_a_key_is_named_by_its_thumbprint():
    assert read_keys(as_pem(rsa_key()))[0].id == rsa_key().thumbprint()


def test_a_jwks_own_name_is_kept():
    jwk = {**ec_key().as_dict(private=True), "kid": "registered-2026"}
    assert read_keys(json.dumps(jwk))[0].id == "registered-2026"


def test_nothing_private_is_published():
    published = public_set(read_keys(as_set(rsa_key(), ec_key())))["keys"]

    assert [set(key) for key in published] == [
        {"kty", "n", "e", "kid", "alg", "use"},
        {"kty", "crv", "x", "y", "kid", "alg", "use"},
    ]


def test_a_key_that_is_given_twice_is_published_once():
    assert len(public_set(read_keys(as_pem(ec_key()) * 2))["keys"]) == 1


def test_a_private_key_stands_in_no_representation():
    key = read_keys(as_pem(rsa_key()))[0]
    assert repr(key) == f"SigningKey(id='{key.id}', algorithm='RS384')"


WEAK = {
    "nothing": ("", "no private key"),
    "words": ("hello", "no private key"),
    "half a set": ('{"keys": [1]}', "no JWK set"),
    "half a JSON": ("{", "neither PEM nor JSON"),
    "a secret": ('{"kty": "oct", "k": "c2VjcmV0"}', "neither RSA nor EC"),
    "half a JWK": ('{"kty": "RSA", "n": "c2VjcmV0"}', "cannot be read"),
    "half a PEM": ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", "cannot be read"),
    "under a password": (
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----",
        "under a password",
    ),
}


@pytest.mark.parametrize("name", WEAK)
def test_what_is_no_key_of_ours_is_refused_without_repeating_it(name):
    text, said = WEAK[name]
    with pytest.raises(ValueError, match=said) as refused:
        read_keys(text)
    assert "c2VjcmV0" not in str(refused.value)


def test_a_public_key_is_refused():
    with pytest.raises(ValueError, match="public key"):
        read_keys(json.dumps(rsa_key().as_dict(private=False)))


def test_a_short_rsa_key_is_refused():
    with pytest.warns(match="Key size"), pytest.raises(ValueError, match="less than 2048"):
        read_keys(as_pem(RSAKey.generate_key(1024)))


def test_another_curve_is_refused():
    with pytest.raises(ValueError, match="P-384"):
        read_keys(as_pem(ECKey.generate_key("P-256")))
