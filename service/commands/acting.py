"""How a command acts for one clinic: on the migrated database, with an exit code."""

import argparse
import sys
from collections.abc import Callable, Mapping

from service.commands.environment import deployment_of, one_clinic
from service.errors import RequestRefused
from service.flows.deployment import Deployment


def act_for_clinic(
    asked: argparse.Namespace, environ: Mapping[str, str], act: Callable[[Deployment], int | None]
) -> int:
    """Return the exit code of an act for the one clinic, 0 where it returns none; 1 where it is refused.

    Each fault of a refusal is written on standard error. Raises ``SettingsRefused``.
    """
    with one_clinic(asked, environ) as clinic:
        return _act(deployment_of(clinic), act)


def _act(deployment: Deployment, act: Callable[[Deployment], int | None]) -> int:
    try:
        deployment.database.migrate()
        return act(deployment) or 0
    except RequestRefused as refused:
        for fault in refused.faults:
            sys.stderr.write(f"{fault.at}: {fault.message}\n" if fault.at else f"{fault.message}\n")
        return 1
    finally:
        deployment.database.close()
