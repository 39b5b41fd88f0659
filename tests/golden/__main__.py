"""Write the golden files anew: ``python -m tests.golden``. Read the difference before committing it."""

from pathlib import Path

from fhir_mappings.json_text import dumps_indented
from tests.golden.published import add_published
from tests.golden.resources import EXTENSIONS, golden_answers, golden_extensions, golden_resources


def main() -> None:
    """Write one file for each name, and remove those that nothing stands for any more."""
    folder = Path(__file__).parent
    golden = golden_resources() | golden_answers()
    for old in folder.glob("*.json"):
        if old.stem not in golden:
            old.unlink()
    for name, resources in golden.items():
        (folder / f"{name}.json").write_bytes(dumps_indented(resources))
    for name, definition in golden_extensions().items():
        (EXTENSIONS / f"{name}.json").write_bytes(dumps_indented(definition))
    add_published()


if __name__ == "__main__":
    main()
