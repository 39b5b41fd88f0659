"""The command line: ``python -m service <command>``.

The only place that reads the environment. Exit codes: 0 well, 1 not well, 2 settings or command line refused.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from service.commands import (
    api_keys,
    audit,
    check_ehr,
    data_life,
    database,
    deliveries,
    descriptions,
    evaluation,
    export,
    instruments,
    norms,
    sandbox,
    serve,
    subscribe,
)
from service.commands.command import Command, Commands, Write, say
from service.errors import SettingsRefused

# In the order in which the help lists them.
FAMILIES = (
    serve,
    database,
    data_life,
    deliveries,
    audit,
    api_keys,
    check_ehr,
    subscribe,
    instruments,
    norms,
    evaluation,
    export,
    descriptions,
    sandbox,
)


def main(arguments: Sequence[str], environ: Mapping[str, str], write: Write = say) -> int:
    """Run one command and return the exit code; a refused command line exits with 2 and says how."""
    asked = _parser().parse_args(arguments)
    command: Command = asked.command
    try:
        return command(asked, environ, write)
    except SettingsRefused as refused:
        for fault in refused.faults:
            sys.stderr.write(f"{fault}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m service", description="The alliance service beside an EHR. Settings: ALLIANCE_…"
    )
    commands = Commands(parser)
    for family in FAMILIES:
        family.add_to(commands)
    return parser


if __name__ == "__main__":
    # Whatever is written holds health data, or may: the database, its journal, a backup, an export.
    os.umask(0o077)
    sys.exit(main(sys.argv[1:], os.environ))
