"""The page for analysts is the table of figures that the answers are made from."""

from pathlib import Path

from service.reporting.dimensions import DIMENSIONS
from service.reporting.figures import definitions_table
from service.reporting.tables import TABLES

PAGE = (Path(__file__).parents[3] / "service" / "reporting.md").read_text()


def test_the_page_holds_the_definitions_as_generated():
    assert PAGE.partition("<!-- figures -->\n")[2].partition("<!-- /figures -->")[0] == definitions_table()


def test_the_page_names_every_table_and_dimension():
    assert [name for name in (*TABLES, *DIMENSIONS) if f"`{name}`" not in PAGE] == []
