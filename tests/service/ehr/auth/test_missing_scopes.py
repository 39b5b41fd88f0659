from service.ehr.auth.missing_scopes import missing_rights

ASKED = "system/Observation.crus system/Patient.rs"


def test_rights_that_were_not_granted_are_named_by_type():
    assert missing_rights(ASKED, "system/Observation.rs system/Patient.read") == (
        "Observation (create, update)",
    )


def test_either_spelling_grants_all():
    assert missing_rights(ASKED, "system/*.cruds") == missing_rights(ASKED, "system/*.*") == ()


def test_nothing_is_missing_where_nobody_told():
    assert missing_rights(ASKED, None) == ()


def test_where_nothing_was_asked_for_what_we_usually_need_counts():
    assert "QuestionnaireResponse (create, update)" in missing_rights("", "system/*.read")
