"""``run`` and ``health``: serve the API and deliver, and ask whether a running service is alive."""

import argparse
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import replace
from types import FrameType
from typing import NoReturn

import uvicorn

from fhir_mappings.structure import check_structure
from service import VERSION
from service.alliance.rules import DEFAULT_RULE
from service.app import create_app
from service.clock import as_instant
from service.commands.command import Commands, Write
from service.commands.environment import (
    CLINIC,
    chosen_instruments,
    deployment_of,
    settings_of,
    wording_files,
)
from service.errors import EhrError, SettingsRefused
from service.flows.canonical_base import check_canonical_base
from service.flows.check_stored_instruments import check_stored_instruments
from service.flows.deployment import Deployment
from service.flows.keep_wording import choose_wording, keep_wording
from service.http import Http, host_of
from service.log import Log
from service.settings import Settings, is_loopback
from service.store.norms import keep_rule
from service.worker import Worker

DRAIN_SECONDS = 10.0
HEALTH_SECONDS = 5.0
_OK = 200


def add_to(commands: Commands) -> None:
    """Add ``run`` and ``health``."""
    commands.add("run", _run, "serve the API and deliver to the EHR, until told to stop")
    commands.add("health", _health, "ask the running service whether it is alive")


def _run(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    settings = settings_of(environ)
    _refuse_open_host(settings)
    # SIGTERM leaves like Ctrl-C, by the way out that drains the worker.
    signal.signal(signal.SIGTERM, _leave)
    chosen = chosen_instruments(settings)
    wordings = choose_wording(wording_files(settings), chosen.known, CLINIC)
    deployment = deployment_of(settings, chosen)
    log = Log()
    try:
        deployment.database.migrate()
        with deployment.database.write() as tx:
            check_canonical_base(tx, CLINIC, deployment.names)
            check_stored_instruments(tx, CLINIC, chosen)
            keep_rule(tx, CLINIC, settings.alert_rule, as_instant(deployment.clock()), default=DEFAULT_RULE)
            worded = keep_wording(tx, CLINIC, chosen, wordings)
        deployment = replace(deployment, instruments=worded.offered, known=worded.known)
        with _listen(settings) as listening:
            _serve(deployment, log, listening, write)
    except KeyboardInterrupt:
        pass  # the usual way to end it
    finally:
        deployment.database.close()
    return 0


def _serve(deployment: Deployment, log: Log, listening: socket.socket, write: Write) -> None:
    """Serve until a signal comes; then answer what was begun, and let the worker finish its requests."""
    settings = deployment.settings
    http = Http(_ehr_hosts(settings), settings.ehr_timeout_seconds)
    worker = Worker(deployment, http, log)
    app = create_app(deployment, log, worker.wake)
    # uvicorn's own log would hold addresses with patients' ids, and tracebacks: ours says it without them.
    config = uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, server_header=False, proxy_headers=False
    )
    check_structure(
        {"resourceType": "QuestionnaireResponse"}
    )  # builds the models before the first caller waits
    write(_welcome(settings))
    worker.start()
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        worker.stop(DRAIN_SECONDS)
        http.close()


def _leave(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _refuse_open_host(settings: Settings) -> None:
    if not is_loopback(settings.host):
        sentence = "no callers are configured, so only this machine may be served"
        raise SettingsRefused([f"ALLIANCE_HOST: {sentence}; set it to 127.0.0.1, ::1 or localhost"])


def _listen(settings: Settings) -> socket.socket:
    """Return the listening socket; raises ``SettingsRefused`` where the address cannot be taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # CAUTION: the protocol must be named. asyncio turns Nagle's algorithm off only where it is; with it on
    # every answer waits 40 ms for the caller's delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host.strip("[]"), settings.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        reason = os.strerror(error.errno) if error.errno else "the address cannot be taken"
        raise SettingsRefused([f"ALLIANCE_PORT: cannot listen on {_address(settings)}: {reason}"]) from error
    return listening


def _welcome(settings: Settings) -> str:
    ehr = settings.ehr_base_url or "none (ALLIANCE_EHR_BASE_URL): deliveries wait"
    return (
        f"Alliance service {VERSION} listens on {_address(settings)}\n"
        f"  FHIR  {_address(settings)}/fhir/metadata\n"
        f"  JSON  {_address(settings)}/v1/instruments\n"
        f"  EHR   {ehr}\n"
        "NO CALLERS ARE CONFIGURED: this machine alone is served, any other Host or Origin is refused.\n"
    )


def _address(settings: Settings) -> str:
    host = settings.host.strip("[]")
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _ehr_hosts(settings: Settings) -> frozenset[str]:
    return frozenset({host_of(settings.ehr_base_url)} if settings.ehr_base_url else ())


def _health(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    settings = settings_of(environ)
    address = _address(settings)
    http = Http(frozenset({host_of(address)}), HEALTH_SECONDS)
    try:
        answer = http.exchange("GET", f"{address}/live")
    except EhrError as error:
        write(f"not alive: {error.code}\n")
        return 1
    finally:
        http.close()
    write("alive\n" if answer.status == _OK else f"not alive: status {answer.status}\n")
    return 0 if answer.status == _OK else 1
