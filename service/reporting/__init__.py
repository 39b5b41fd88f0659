"""Figures for reporting tools: flat Parquet tables, and what DuckDB says of them. The only user of DuckDB.

It knows neither the database nor the doors: flows hand it rows, and ask it questions of a fixed list.
"""
