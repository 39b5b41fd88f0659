"""The webhook's settings: refused at the start, with sentences that hold no part of a secret."""

from base64 import b64encode

import pytest

from service.errors import SettingsRefused
from service.settings import Settings, read_settings

URL = "https://pager.north.example/hooks?team=7"
SECRET = "whsec_" + b64encode(b"k" * 24).decode()
OTHER = "whsec_" + b64encode(b"o" * 64).decode()


def read(**given: str) -> Settings:
    variables = {f"ALLIANCE_{name.upper()}": value for name, value in given.items()}
    return read_settings(variables, lambda _: "")


def test_an_address_and_one_or_two_secrets_are_taken() -> None:
    assert read(webhook_url=URL, webhook_secret=SECRET).webhook_secret == (SECRET,)
    assert read(webhook_url=URL, webhook_secret=f"{SECRET}, {OTHER}").webhook_secret == (SECRET, OTHER)
    assert read(webhook_url="http://127.0.0.1:9/x", webhook_secret=SECRET).webhook_url is not None


@pytest.mark.parametrize(
    "url", ["http://pager.north.example/", "ftp://pager/", "https://u:p@pager/", "https://pager/#x", "pager"]
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        read(webhook_url=url, webhook_secret=SECRET)
    assert str(refused.value).startswith("ALLIANCE_WEBHOOK_URL: must be")


@pytest.mark.parametrize(
    "secret",
    [
        "swordfish",
        SECRET.removeprefix("whsec_"),
        "whsec_" + b64encode(b"k" * 23).decode(),
        "whsec_" + b64encode(b"k" * 65).decode(),
        f"{SECRET},{OTHER},{SECRET}",
    ],
)
def test_another_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        read(webhook_url=URL, webhook_secret=secret)
    assert str(refused.value).startswith("ALLIANCE_WEBHOOK_SECRET: must be")
    assert secret not in str(refused.value)


@pytest.mark.parametrize("given", [{"webhook_url": URL}, {"webhook_secret": SECRET}])
def test_neither_goes_without_the_other(given: dict[str, str]) -> None:
    with pytest.raises(SettingsRefused, match="goes with ALLIANCE_WEBHOOK_URL"):
        read(**given)


def test_the_secret_is_not_in_what_the_settings_show_of_themselves() -> None:
    assert SECRET not in repr(read(webhook_url=URL, webhook_secret=SECRET))
