"""The EHR's settings fit together, or say what does not."""

import pytest

from service.errors import SettingsRefused
from service.settings import Settings, read_settings

LOCAL = "http://127.0.0.1:8095/fhir"
SMART = {"ehr_auth": "smart", "ehr_base_url": LOCAL, "ehr_client_id": "us", "ehr_keys": "k"}


def settings(**given: str) -> Settings:
    return read_settings(
        {f"ALLIANCE_{name.upper()}": value for name, value in given.items()}, lambda path: f"text of {path}\n"
    )


def at_fault(**given: str) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        settings(**given)
    return [fault.partition(":")[0].removeprefix("ALLIANCE_") for fault in refused.value.faults]


def test_what_a_sign_in_lacks_is_named_at_once():
    assert at_fault(ehr_auth="smart") == ["EHR_BASE_URL", "EHR_CLIENT_ID", "EHR_KEYS"]
    assert at_fault(ehr_auth="basic", ehr_base_url=LOCAL, ehr_user="") == ["EHR_USER", "EHR_PASSWORD"]


def test_what_a_sign_in_has_no_use_for_is_named():
    assert at_fault(**SMART, ehr_token="t", ehr_client_secret="s") == ["EHR_CLIENT_SECRET", "EHR_TOKEN"]  # noqa: S106


def test_a_fault_elsewhere_is_told_with_those_of_the_ehr():
    assert at_fault(ehr_auth="bearer", database_url="oracle:x") == [
        "EHR_BASE_URL",
        "EHR_TOKEN",
        "DATABASE_URL",
    ]


def test_credentials_go_by_https_alone():
    outside = {"ehr_base_url": "http://ehr.test/fhir", "canonical_base": "https://clinic.test/fhir"}

    assert at_fault(**SMART | outside, ehr_token_url="http://idp.test/t") == ["EHR_BASE_URL", "EHR_TOKEN_URL"]  # noqa: S106
    assert settings(**outside).ehr_auth == "none"


def test_a_client_certificate_needs_its_key():
    assert at_fault(ehr_client_cert="c") == ["EHR_CLIENT_KEY"]
    assert at_fault(ehr_client_key="k") == ["EHR_CLIENT_CERT"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ehr_token", "top hidden"),
        ("ehr_proxy", "ftp://hidden@proxy.test"),
        ("ehr_user", "ada:hidden"),
        ("ehr_auth", "hidden"),
        ("ehr_scopes", 'system/"hidden"'),
        ("ehr_token_url", "https://hidden@idp.test/t"),
    ],
)
def test_a_bad_value_is_named_and_not_repeated(name, value):
    with pytest.raises(SettingsRefused) as refused:
        settings(**{name: value})
    assert str(refused.value).startswith(f"ALLIANCE_{name.upper()}:")
    assert "hidden" not in str(refused.value)


def test_empty_scopes_mean_that_none_are_sent():
    assert settings(**SMART, ehr_scopes="").ehr_scopes == ""


def test_secrets_stand_in_no_representation():
    made = settings(**SMART, ehr_ca="hidden", ehr_proxy="http://u:hidden@proxy.test")
    shown = f"{made!r} {made}"

    assert "hidden" not in shown
    assert "'k'" not in shown


def test_a_certificate_is_read_from_its_file():
    assert settings(ehr_ca_file="ca.pem").ehr_ca == "text of ca.pem"


def test_attendance_by_the_ehr_needs_an_ehr_that_is_polled():
    with pytest.raises(SettingsRefused) as refused:
        read_settings({"ALLIANCE_EHR_ATTENDANCE": "true"}, str)
    assert "ALLIANCE_EHR_ATTENDANCE: needs" in str(refused.value)
