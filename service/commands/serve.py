"""``run``, ``api``, ``worker`` and ``health``: serve, deliver, both, and ask whether a service is alive."""

import argparse
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp

from fhir_mappings.structure import check_structure
from service import VERSION
from service.addresses import is_loopback
from service.alliance.rules import DEFAULT_RULE
from service.api.identity import Identity, Providers, open_identity
from service.app import create_app
from service.background import Background
from service.clock import as_instant
from service.commands.command import Commands, Write
from service.commands.environment import (
    CLINIC,
    chosen_instruments,
    deployment_of,
    settings_of,
    wording_files,
)
from service.ehr.connection import signing_keys
from service.errors import EhrError, SettingsRefused
from service.flows.canonical_base import check_canonical_base
from service.flows.check_stored_instruments import check_stored_instruments
from service.flows.deployment import Deployment
from service.flows.keep_wording import choose_wording, keep_wording
from service.http import Http, host_of
from service.log import Log
from service.metrics import Metrics
from service.settings import Settings
from service.store.norms import keep_rule

HEALTH_SECONDS = 5.0
_OK = 200


def add_to(commands: Commands) -> None:
    """Add ``run``, ``api``, ``worker`` and ``health``."""
    commands.add("run", _run, "serve the API and deliver to the EHR, until told to stop")
    commands.add("api", _api, "serve the API alone; a worker beside it delivers")
    commands.add("worker", _work, "deliver to the EHR alone; several share the work on PostgreSQL")
    commands.add("health", _health, "ask the running service whether it is alive")


def _run(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    return _start(environ, write, serves=True, delivers=True)


def _api(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    return _start(environ, write, serves=True, delivers=False)


def _work(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    return _start(environ, write, serves=False, delivers=True)


def _start(environ: Mapping[str, str], write: Write, *, serves: bool, delivers: bool) -> int:
    """Run until told to stop, and return 0."""
    settings = settings_of(environ)
    if serves:
        _refuse_open_host(settings)
    elif not (settings.ehr_base_url or settings.webhook_url):
        raise SettingsRefused(
            ["ALLIANCE_EHR_BASE_URL: must be set (or ALLIANCE_WEBHOOK_URL), else a worker has nothing to do"]
        )
    signing_keys(settings)  # refuses, before anything is changed, what cannot be read
    # SIGTERM leaves like Ctrl-C, by the way out that drains the worker.
    signal.signal(signal.SIGTERM, _leave)
    chosen = chosen_instruments(settings)
    wordings = choose_wording(wording_files(settings), chosen.known, CLINIC)
    deployment = deployment_of(settings, chosen)
    try:
        deployment.database.migrate()
        with deployment.database.write() as tx:
            check_canonical_base(tx, CLINIC, deployment.names)
            check_stored_instruments(tx, CLINIC, chosen)
            keep_rule(tx, CLINIC, settings.alert_rule, as_instant(deployment.clock()), default=DEFAULT_RULE)
            worded = keep_wording(tx, CLINIC, chosen, wordings)
        deployment = replace(deployment, instruments=worded.offered, known=worded.known)
        with _metrics(deployment) as metrics:
            _run_parts(deployment, metrics, write, serves=serves, delivers=delivers)
    except KeyboardInterrupt:
        pass  # the usual way to end it
    finally:
        deployment.database.close()
    return 0


def _run_parts(
    deployment: Deployment, metrics: Metrics, write: Write, *, serves: bool, delivers: bool
) -> None:
    log = Log()
    with closing(Background(deployment, log, metrics.count_attempt)) as background, ExitStack() as running:
        listening = running.enter_context(_listen(deployment.settings)) if serves else None
        if delivers:
            running.enter_context(background.running())
        if listening is not None:
            _serve(deployment, log, listening, write, background)
        else:
            write(f"Alliance worker {VERSION} delivers to {deployment.settings.ehr_base_url}\n")
            threading.Event().wait()


def _serve(
    deployment: Deployment, log: Log, listening: socket.socket, write: Write, background: Background
) -> None:
    """Serve until a signal comes; then answer what was begun."""
    with closing(Providers(deployment.clock, log)) as providers:
        settings = {deployment.clinic: deployment.settings}
        identity = open_identity(settings, deployment.database, deployment.clock, providers)
        app = _app(deployment, log, background, identity)
        _serve_app(app, listening, write, deployment.settings)


def _app(deployment: Deployment, log: Log, background: Background, identity: Identity | None) -> ASGIApp:
    return create_app(
        deployment,
        log,
        background.wake,
        notice=background.notice,
        client=background.client,
        ehr_troubles=background.ehr_troubles,
        identity=identity,
    )


def _serve_app(app: ASGIApp, listening: socket.socket, write: Write, settings: Settings) -> None:
    # uvicorn's own log would hold addresses with patients' ids, and tracebacks: ours says it without them.
    config = uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, server_header=False, proxy_headers=False
    )
    # Builds the models before the first caller waits.
    check_structure({"resourceType": "QuestionnaireResponse"})
    write(_welcome(settings))
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _metrics(deployment: Deployment) -> Iterator[Metrics]:
    """Give the figures, served where a port is set for them. Raises ``SettingsRefused``."""
    settings = deployment.settings
    metrics = Metrics(deployment)
    if settings.metrics_port is not None:
        try:
            metrics.serve(settings.host.strip("[]"), settings.metrics_port)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "the address cannot be taken"
            raise SettingsRefused([f"ALLIANCE_METRICS_PORT: cannot listen there: {reason}"]) from error
    try:
        yield metrics
    finally:
        metrics.close()


def _leave(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _refuse_open_host(settings: Settings) -> None:
    if not (settings.has_callers or is_loopback(settings.host)):
        sentence = (
            "no callers are configured (ALLIANCE_TOKEN_ISSUER, ALLIANCE_API_KEYS), "
            "so only this machine may be served"
        )
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
        f"{_callers(settings)}\n"
    )


def _callers(settings: Settings) -> str:
    if not settings.has_callers:
        return "NO CALLERS ARE CONFIGURED: this machine alone is served, any other Host or Origin is refused."
    shown = {"tokens of ALLIANCE_TOKEN_ISSUER": settings.token_issuer, "API keys": settings.api_keys}
    named = " or ".join(what for what, is_on in shown.items() if is_on)
    return f"  Callers show {named}; nobody else is served."


def _address(settings: Settings) -> str:
    host = settings.host.strip("[]")
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


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
