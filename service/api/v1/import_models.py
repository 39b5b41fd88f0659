"""What /v1/imports answers, for the OpenAPI description alone."""

from typing import Literal

from pydantic import BaseModel, Field


class RefusedRow(BaseModel):
    """One fault of one refused row; no value of the file is repeated."""

    line: int = Field(description="Where the row begins in the file; the header's line is 1.")
    at: str = Field(description="The column of a CSV, the key of an NDJSON body, or empty: the whole row.")
    reason: str = Field(description="A fixed word.", examples=["above-maximum"])
    message: str = Field(description="A sentence for a person.")


class ImportProgress(BaseModel):
    """How far an import came. Of a dry run: what would have become of the rows."""

    id: str
    state: Literal["recording", "judging", "done"]
    dry_run: bool
    queue_deliveries: bool
    line: int = Field(description="The last line that is settled.")
    recorded: int
    unchanged: int = Field(description="Rows that were stored already, with the same content.")
    refused: int
    deliveries: int = Field(description="How many were queued for the EHR: see `queue_deliveries`.")
    started_at: str
    updated_at: str


class ImportAnswer(ImportProgress):
    """An import with the first hundred faults of its refused rows."""

    refusals: list[RefusedRow]


class ImportList(BaseModel):
    """The latest imports."""

    items: list[ImportProgress]
    next: None


class RefusalList(BaseModel):
    """Faults of refused rows, a page of them."""

    items: list[RefusedRow]
    next: str | None
