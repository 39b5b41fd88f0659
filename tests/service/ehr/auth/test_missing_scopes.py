from service.ehr.auth.missing_scopes import missing_rights
from service.ehr.capabilities import Capabilities, TypeCapabilities
from service.ehr.profile_file import load_profile

GENERIC = load_profile("generic")
EPIC = load_profile("epic")
ASKED = "system/Observation.crus system/Patient.rs"


def test_rights_that_were_not_granted_are_named_by_type():
    assert missing_rights(ASKED, "system/Observation.rs system/Patient.read", GENERIC) == (
        "Observation (create, update)",
    )


def test_either_spelling_grants_all():
    assert (
        missing_rights(ASKED, "system/*.cruds", GENERIC) == missing_rights(ASKED, "system/*.*", GENERIC) == ()
    )


def test_nothing_is_missing_where_nobody_told():
    assert missing_rights(ASKED, None, GENERIC) == ()


def test_where_nothing_was_asked_for_what_we_usually_need_counts():
    assert "QuestionnaireResponse (create, update)" in missing_rights("", "system/*.read", GENERIC)


def test_nothing_is_missing_that_the_profile_never_uses():
    granted = "system/DocumentReference.write system/DocumentReference.read system/Patient.read"
    assert missing_rights("", granted, EPIC) == ("Encounter (read, search)",)


def test_nothing_is_missing_of_types_that_the_ehr_has_not():
    declared = Capabilities("4.0.1", transaction=False, types={"Patient": TypeCapabilities()})
    assert missing_rights(ASKED, "system/Patient.read", GENERIC, declared) == ()
