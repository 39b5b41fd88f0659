"""What /v1 answers about a clinic's figures, for the OpenAPI description alone."""

from pydantic import BaseModel, Field

from service.api.v1.models import Number


class MetricAnswer(BaseModel):
    """One figure of one group. Where it is suppressed, its numbers are null."""

    group: dict[str, str] = Field(description="Dimension -> value; `unknown` where nothing was told.")
    figure: str
    instrument: str | None = None
    perspective: str | None = None
    score: str | None = None
    measure: str | None = Field(None, description="Family and range that both forms share, `wai 12-60`.")
    value: Number | None
    low: Number | None = Field(description="Lower end of the 95 % interval; null: it has none.")
    high: Number | None
    n: int | None = Field(
        description="How many the figure rests on; of what, its definition says. Null beside a value: it "
        "would tell how many responses a suppressed instrument has."
    )
    suppressed: bool


class DefinitionAnswer(BaseModel):
    """What a figure says."""

    says: str
    unit: str
    n: str
    interval: str | None


class CountedByAnswer(BaseModel):
    """The numbers by which figures were counted."""

    in_time_days: int
    drop_out_days: int
    critical_mark: Number
    rich_ratings: int
    session_bands: list[int]
    alert_budget_per_100: Number


class MetricsAnswer(BaseModel):
    """Figures of a clinic, by group."""

    as_of: str = Field(description="When the snapshot was made that all of it is from.")
    clinic: str
    group_by: list[str]
    minimum_cell: int = Field(description="Figures of fewer patients are suppressed, with complements.")
    patients_not_shared: int | None = Field(
        description="Left out, since nothing of them may be shared; null: some, but fewer than the minimum."
    )
    counted_by: CountedByAnswer
    items: list[MetricAnswer]
    not_grouped: list[str] = Field(description="Figures asked for that cannot be grouped so.")
    definitions: dict[str, DefinitionAnswer]
