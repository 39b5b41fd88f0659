"""Packing Parquet files in little memory."""

import duckdb
import pytest

from service.reporting import writing
from service.reporting.writing import packing

# One value of eight megabytes: it can neither be cut nor lie on the disk meanwhile.
LARGE = "SELECT list(n) AS numbers FROM range(1000000) AS made(n)"


def test_what_does_not_fit_is_packed_in_more_memory(tmp_path):
    with packing(tmp_path) as packer:
        packer.pack("large", LARGE, {}, megabytes=2)
        packer.pack("small", "SELECT $number AS number", {"number": 3}, megabytes=2)

    with duckdb.connect() as opened:
        large = opened.read_parquet(str(tmp_path / "large.parquet"))
        small = opened.read_parquet(str(tmp_path / "small.parquet"))
        assert large.aggregate("len(any_value(numbers)), list_sum(any_value(numbers))").fetchall() == [
            (1_000_000, 499_999_500_000)
        ]
        assert small.fetchall() == [(3,)]


def test_what_fits_no_memory_that_may_be_taken_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_MOST_MEGABYTES", 4)

    with packing(tmp_path) as packer, pytest.raises(duckdb.OutOfMemoryException):
        packer.pack("large", LARGE, {}, megabytes=2)
