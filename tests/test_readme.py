"""The README's settings table is the one that the settings class gives."""

from pathlib import Path

from service.settings import settings_table

ROOT = Path(__file__).parents[1]


def test_readme_holds_the_settings_table_as_generated():
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    assert table == settings_table()


def test_every_page_that_the_readme_names_exists():
    readme = (ROOT / "README.md").read_text()
    named = [part.partition(")")[0] for part in readme.split("](")[1:]]
    assert named
    assert [page for page in named if not (ROOT / page).exists()] == []
