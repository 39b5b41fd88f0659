import pytest

from service.ehr.told import in_words
from service.errors import EhrError, EhrSilent, EhrUnreachable, EhrUnreadable, SignInFailed

TOLD = [
    (EhrUnreachable("connect-error"), "the EHR cannot be reached"),
    (EhrUnreachable("proxy-error"), "the EHR cannot be reached through the proxy (ALLIANCE_EHR_PROXY)"),
    (EhrUnreachable("certificate-expired"), "the EHR has a certificate that is expired"),
    (EhrUnreachable("host-unknown"), "the EHR cannot be reached: no host of this name is known here"),
    (EhrUnreadable("status-308"), "the EHR points to another address (308), which is not followed"),
    (EhrSilent("read-timeout"), "the EHR did not answer in time or broke off (read-timeout)"),
    (EhrUnreadable("status-401"), "the EHR asks for credentials (401)"),
    (EhrUnreadable("not-json"), "the EHR gave an answer that cannot be used (not-json)"),
    (SignInFailed("token-down", "it is down"), "it is down"),
]


@pytest.mark.parametrize(("error", "said"), TOLD)
def test_every_error_is_told_in_words(error: EhrError, said: str) -> None:
    assert in_words(error) == said


def test_another_server_is_named() -> None:
    assert in_words(EhrUnreachable("connect-error"), "the proxy") == "the proxy cannot be reached"
