"""Keys made once per run. Nobody trusts them."""

import json
from functools import cache

from joserfc.jwk import ECKey, RSAKey

from service.ehr.auth.keys import SigningKey, read_keys


@cache
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048)


@cache
def ec_key() -> ECKey:
    return ECKey.generate_key("P-384")


def as_pem(key: RSAKey | ECKey) -> str:
    return key.as_pem(private=True).decode()


def as_set(*keys: RSAKey | ECKey) -> str:
    return json.dumps({"keys": [key.as_dict(private=True) for key in keys]})


def a_signing_key() -> SigningKey:
    return read_keys(as_pem(ec_key()))[0]
