"""The settings of a clinic's reports: by which numbers its figures are counted, and when they are hidden.

A base class of ``ClinicSettings``; service/reporting.md says what each figure is.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from service.service_settings import listed


class ReportSettings(BaseModel):
    """How a clinic's reports count. Each field ``x`` is the variable ``ALLIANCE_X``."""

    report_minimum_cell: int = Field(
        11,
        ge=3,
        le=1000,
        description="Figures of fewer patients than this are suppressed in reports, with complements.",
    )
    report_drop_out_days: int = Field(
        28,
        ge=7,
        le=365,
        description="A dyad without a session for so many days, and without an end of treatment being told, counts as dropped out.",
    )
    report_in_time_days: int = Field(
        7, ge=1, le=90, description="An alert that a person acts on within so many days is in time."
    )
    report_critical_mark: float = Field(
        9, gt=0, le=10, description="A mark (0 to 10) below this is critical feedback."
    )
    report_rich_ratings: int = Field(
        5,
        ge=2,
        le=100,
        description="A series of so many rated sessions is rich: what is missing after it counts.",
    )
    report_session_bands: Annotated[tuple[int, ...], BeforeValidator(listed)] = Field(
        (1, 4, 9),
        description="The first session of each band of sessions, rising from 1, separated by commas: 1,4,9 means 1 to 3, 4 to 8, 9 and later.",
    )

    @field_validator("report_session_bands")
    @classmethod
    def _are_bands(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if value[:1] != (1,) or list(value) != sorted(set(value)):
            raise ValueError("must be rising whole numbers that begin with 1, such as 1,4,9")
        return value
