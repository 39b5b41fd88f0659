"""Run the benches named (all by default) and print their figures.

``--smoke`` runs a small share of each, so that CI sees that they still work; its figures mean little.
"""

import argparse
import tempfile
from pathlib import Path

from tests.bench import (
    cards,
    delivering,
    exporting,
    footprint,
    growing,
    importing,
    metrics,
    queued,
    recording,
    rules,
    searching,
    trend,
)

BENCHES = {
    "recording": recording,
    "trend": trend,
    "cards": cards,
    "searching": searching,
    "delivering": delivering,
    "queued": queued,
    "footprint": footprint,
    "growing": growing,
    "exporting": exporting,
    "rules": rules,
    "importing": importing,
    "metrics": metrics,
}
FULL, SMOKE = 2000, 80


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--smoke", action="store_true", help="a small share of each")
    asked = parser.parse_args()
    for name in asked.names or BENCHES:
        with tempfile.TemporaryDirectory() as folder:
            for figure in BENCHES[name].run(Path(folder), SMOKE if asked.smoke else FULL):
                print(figure, flush=True)  # noqa: T201 - printing is what it is for


if __name__ == "__main__":
    main()
