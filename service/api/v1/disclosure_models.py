"""What /v1 takes and gives of what may be told about a patient, for the OpenAPI description alone."""

from pydantic import BaseModel, ConfigDict, Field


class DisclosureBody(BaseModel):
    """What may be told about a patient from now on; the whole of it, nothing is kept of what was."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"push": False, "share": True, "since": None}]}
    )

    push: bool = Field(
        description="Whether anything new about the patient may be written into the EHR; what is withdrawn"
        " here is marked there all the same."
    )
    share: bool = Field(
        description="Whether those come upon the patient who name neither them nor their therapist, and"
        " whether figures of the clinic count them."
    )
    since: str | None = Field(
        None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="The first session date of which anything may be written; null: all sessions.",
    )


class DisclosureAnswer(BaseModel):
    """What may be told about a patient; of merged patients the stricter word counts."""

    patient: str
    push: bool
    share: bool
    since: str | None
