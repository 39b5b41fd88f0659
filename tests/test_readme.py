"""The README's settings table is the one that the settings class gives."""

import re
from pathlib import Path

from service.api.scopes_table import is_open, scopes_table
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


def test_what_the_readme_says_of_the_pages_is_there():
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## Form links and the clinician's page\n")[2].partition("\n## ")[0]
    settings = re.findall(r"`(ALLIANCE_[A-Z_]+)`", section)
    paths = re.findall(r"`(/[a-z/-]+)`", section)

    assert len(set(settings)) > 7
    assert [one for one in settings if f"| `{one}` |" not in settings_table()] == []
    assert {"/form/kiosk", "/clinician", "/clinician/signed-in", "/launch"} <= set(paths)
    assert [one for one in paths if not is_open(one) and f"GET {one}`" not in scopes_table()] == []
