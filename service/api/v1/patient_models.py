"""What /v1 takes and gives when a patient is looked up in the EHR, for the OpenAPI description alone."""

from pydantic import BaseModel, ConfigDict, Field


class PatientSearch(BaseModel):
    """An identifier of a patient, such as a medical record number."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"identifier": "urn:clinic:north:mrn|4711"}]}
    )

    identifier: str = Field(description="System, a bar, value. It is asked of the EHR, and kept nowhere.")


class FoundPatient(BaseModel):
    """The one patient with that identifier; where the EHR replaced them, whoever stands for them now."""

    id: str = Field(description="The EHR's logical id, as paths here take it.")
    patient: str = Field(description="The same as a reference.", examples=["Patient/anna"])
