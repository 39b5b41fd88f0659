"""What /v1 takes and gives when patients are merged, for the OpenAPI description alone."""

from pydantic import BaseModel, ConfigDict, Field


class Merging(BaseModel):
    """Who merges two patients, or parts them again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"by": "Practitioner/ada"}]})

    by: str = Field(min_length=1, max_length=255, description="Who decided it; kept with the merge.")


class MergeAnswer(BaseModel):
    """A merge as it stands."""

    patient: str
    merged_into: str
    merged_by: str
    merged_at: str
    undone_by: str | None
    undone_at: str | None = Field(description="null: it holds.")
    responses: int = Field(description="How many responses changed their series just now.")
    deliveries: list[str] = Field(description="What the EHR is told of alerts that changed by it.")


class StandingMerge(BaseModel):
    """A merge that holds."""

    patient: str
    merged_into: str
    merged_by: str
    merged_at: str


class MergeList(BaseModel):
    """The merges among those who are one with a patient; `next` is always null."""

    items: list[StandingMerge]
    next: str | None
    identified_alike: list[str] = Field(
        description="Other patients who are said to have the same identifier: maybe a merge that nobody told."
    )
