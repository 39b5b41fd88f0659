"""Which schemas this release can work on: its own, and a newer one that was made to be lived with.

A revision is four digits; its first one is the generation. Within a generation a release only adds what the
release before can leave alone: tables, columns that may be empty or have a default, indexes. What takes away,
renames, or gives old columns another meaning begins the next generation.
"""

import re
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

_MIGRATIONS = Path(__file__).parent / "migrations"
_REVISION = re.compile(r"\d{4}")


def alembic_config() -> Config:
    """Return where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def can_work_on(found: str | None) -> bool:
    """Tell whether this release works on a database as it stands at a revision; None has no tables yet."""
    newest = _scripts().get_current_head()
    return found == newest or (_is_strange(found) and _generation(found) == _generation(newest))


def is_too_new(found: str | None) -> bool:
    """Tell whether a database stands at a revision that this release neither knows nor can work on."""
    return _is_strange(found) and not can_work_on(found)


def _is_strange(found: str | None) -> bool:
    return found is not None and all(script.revision != found for script in _scripts().walk_revisions())


def _generation(revision: str | None) -> str | None:
    return revision[0] if revision is not None and _REVISION.fullmatch(revision) else None


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())
