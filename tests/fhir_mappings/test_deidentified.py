"""What is left of a response without whoever it is about."""

import pytest

from fhir_mappings.deidentified import age_band


@pytest.mark.parametrize(
    ("years", "band"), [(None, None), (0, "0-9"), (39, "30-39"), (40, "40-49"), (89, "80-89"), (90, "90+")]
)
def test_an_age_becomes_a_band(years, band):
    assert age_band(years) == band
