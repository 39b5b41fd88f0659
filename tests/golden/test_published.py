"""What was published under a version stays as it is: whatever changes a definition raises its version."""

from tests.golden.published import fingerprints, read_published

NOW, WRITTEN = fingerprints(), read_published()


def test_no_definition_changed_under_its_version():
    changed = sorted(name for name, mark in WRITTEN.items() if name in NOW and NOW[name] != mark)

    assert changed == [], "raise the version of these, then run python -m tests.golden"


def test_every_definition_is_written_down():
    assert NOW.keys() <= WRITTEN.keys(), "run python -m tests.golden"


def test_a_clinic_s_own_form_is_among_them():
    assert {name.rpartition("/")[2] for name in WRITTEN} >= {"srs-3-north|1.0.0", "srs-3|1.0.0"}
