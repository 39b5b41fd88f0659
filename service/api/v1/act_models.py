"""What /v1 takes when a person acts on an alert, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_WORDS = 4000
PERSON = r"^(https?://\S+/)?(Practitioner|PractitionerRole)/[A-Za-z0-9\-.]{1,64}$"
_BY = "Who acts: the FHIR reference of a Practitioner or PractitionerRole."
_WORDS = "In own words; kept and shown at /v1, never sent to an EHR."


def _example(**more: str) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [{"by": "Practitioner/ada", **more}]})


class Acknowledgement(BaseModel):
    """Somebody has seen an alert and takes it."""

    model_config = _example()

    by: str = Field(pattern=PERSON, description=_BY)
    note: str | None = Field(None, min_length=1, max_length=LONGEST_WORDS, description=_WORDS)


class RepairStep(BaseModel):
    """What somebody did towards a repair: a step of the list, own words, or both."""

    model_config = _example(step="named-tentatively", text="Asked what the last session was like.")

    by: str = Field(pattern=PERSON, description=_BY)
    step: str | None = Field(
        None, description="A code of CodeSystem/repair-steps but `none-yet`; it goes to the EHR."
    )
    text: str | None = Field(None, min_length=1, max_length=LONGEST_WORDS, description=_WORDS)


class Resolution(BaseModel):
    """How it ended, by a person's word: scores alone never say so."""

    model_config = _example(outcome="repaired")

    by: str = Field(pattern=PERSON, description=_BY)
    outcome: Literal["repaired", "unresolved"]
    note: str | None = Field(None, min_length=1, max_length=LONGEST_WORDS, description=_WORDS)


class Dismissal(BaseModel):
    """Why an alert is nothing to act on; it stays silent until the scores return."""

    model_config = _example(reason="known-cause")

    by: str = Field(pattern=PERSON, description=_BY)
    reason: Literal["not-a-strain", "known-cause", "data-error", "other"]
    note: str | None = Field(None, min_length=1, max_length=LONGEST_WORDS, description=_WORDS)
