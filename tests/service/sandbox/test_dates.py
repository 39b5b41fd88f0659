import pytest

from service.sandbox.dates import span


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", "2026-01-01T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z"),
        ("2026-12", "2026-12-01T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z"),
        ("2026-03-20", "2026-03-20T00:00:00.000000Z", "2026-03-21T00:00:00.000000Z"),
        ("2026-03-20T01:30+02:00", "2026-03-19T23:30:00.000000Z", "2026-03-19T23:31:00.000000Z"),
        ("2026-03-20T01:30:05Z", "2026-03-20T01:30:05.000000Z", "2026-03-20T01:30:06.000000Z"),
        ("2026-03-20T01:30:05.25Z", "2026-03-20T01:30:05.250000Z", "2026-03-20T01:30:05.260000Z"),
    ],
)
def test_a_date_covers_all_that_it_may_mean(text, low, high):
    found = span(text)

    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13", "2026-02-30", "2026-03-20T", "26-03-20"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match="not a FHIR date"):
        span(text)
