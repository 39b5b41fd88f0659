"""Every table is a clinic's; what PostgreSQL makes of that is tried in tests/system."""

from service.store.columns import metadata

# The revision of the schema is nobody's, and no table of the metadata.
OF_NO_CLINIC: set[str] = set()


def test_every_table_has_a_clinic():
    assert {table.name for table in metadata.sorted_tables if "clinic" not in table.c} == OF_NO_CLINIC


def test_every_unique_key_has_the_clinic():
    keys = [
        {column.name for column in one.columns}
        for table in metadata.sorted_tables
        for one in [*table.constraints, *table.indexes]
        if getattr(one, "unique", False) or type(one).__name__ == "UniqueConstraint"
    ]

    assert keys
    assert [key for key in keys if "clinic" not in key] == []
