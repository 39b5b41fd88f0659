"""Whose a PractitionerRole is."""

import pytest

from fhir_mappings.practitioner_role import practitioner_of_role


@pytest.mark.parametrize(
    ("practitioner", "found"),
    [
        ({"reference": "Practitioner/ada"}, "Practitioner/ada"),
        (
            {"reference": "https://ehr.example/Practitioner/ada/_history/3"},
            "https://ehr.example/Practitioner/ada",
        ),
        ({"reference": "Patient/ada"}, ""),
        ({"reference": f"https://{250 * 'x'}/Practitioner/ada"}, ""),
        ({"identifier": {"value": "ada"}}, ""),
        ("Practitioner/ada", ""),
        (None, ""),
    ],
)
def test_a_role_is_of_the_practitioner_that_it_refers_to(practitioner, found):
    assert practitioner_of_role({"resourceType": "PractitionerRole", "practitioner": practitioner}) == found
