"""``run``, ``api``, ``worker`` and ``health``: serve, deliver, both, and ask whether a service is alive."""

import argparse
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp

from fhir_mappings.structure import check_structure
from service import VERSION
from service.addresses import is_loopback, reached_here
from service.api.identity import Providers, open_identity
from service.app import Served, create_service
from service.background import Background, open_backgrounds
from service.background import running as running_beside
from service.commands.clinics import begin_clinics, prepare_clinics
from service.commands.command import Commands, Write
from service.commands.environment import configuration_of
from service.configuration import Configuration, find_shared_issuers
from service.connections import LONGEST_HEAD_BYTES, MOST_CONNECTIONS, connections_that_wait
from service.errors import EhrError, SettingsRefused
from service.figures import Figures
from service.flows.deployment import Deployment
from service.garbage import leave_out_what_is_here
from service.http import Http, host_of
from service.log import Log
from service.metrics import Metrics
from service.sealer import sealer_of_nobody
from service.service_settings import ServiceSettings
from service.store.database import Database
from service.traces import traces_of

HEALTH_SECONDS = 5.0
# How long requests that were begun may still take once the service is told to stop.
ANSWER_SECONDS = 3
_OK = 200
# One figure that needs no database: asked for all of them, a worker would seem dead while that is away.
_ONE_FIGURE = "/metrics?name%5B%5D=alliance_attempts_total"


def add_to(commands: Commands) -> None:
    """Add ``run``, ``api``, ``worker`` and ``health``."""
    commands.add("run", _run, "serve the API and deliver to the EHR, until told to stop")
    commands.add("api", _api, "serve the API alone; a worker beside it delivers")
    commands.add("worker", _work, "deliver to the EHR alone; several share the work on PostgreSQL")
    health = commands.add("health", _health, "ask the running service whether it is alive")
    health.add_argument("--worker", action="store_true", help="ask a worker, on ALLIANCE_METRICS_PORT")


def _run(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    return _start(environ, write, serves=True, delivers=True)


def _api(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    return _start(environ, write, serves=True, delivers=False)


def _work(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    return _start(environ, write, serves=False, delivers=True)


def _start(environ: Mapping[str, str], write: Write, *, serves: bool, delivers: bool) -> int:
    """Run until told to stop, and return 0."""
    configuration = configuration_of(environ)
    if serves:
        _refuse_open_host(configuration)
        _refuse_unreachable(configuration)
    database = Database(configuration.service.database_url)
    try:
        prepared = prepare_clinics(configuration, database, Figures(traces_of(environ)))
        # SIGTERM leaves like Ctrl-C, by the way out that drains the worker.
        signal.signal(signal.SIGTERM, _leave)
        database.migrate()
        if database.passes_by_row_security():
            Log().event("row_security_passed_by", setting="ALLIANCE_DATABASE_URL")
        deployments = begin_clinics(configuration, prepared)
        with _metrics(configuration.service, deployments):
            _run_parts(deployments, write, serves=serves, delivers=delivers)
    except KeyboardInterrupt:
        pass  # the usual way to end it
    finally:
        database.close()
        _leave_stragglers()
    return 0


def _run_parts(deployments: Sequence[Deployment], write: Write, *, serves: bool, delivers: bool) -> None:
    log = Log()
    with ExitStack() as running:
        beside = running.enter_context(open_backgrounds(deployments, log))
        listening = running.enter_context(_listen(deployments[0].settings)) if serves else None
        if delivers:
            running.enter_context(running_beside(beside, sealer_of_nobody(deployments[0], log)))
        if listening is not None:
            _serve([_served(*one) for one in zip(deployments, beside, strict=True)], log, listening, write)
        else:
            leave_out_what_is_here()
            write(f"Alliance worker {VERSION} delivers\n{_ehrs(deployments)}")
            threading.Event().wait()


def _served(deployment: Deployment, background: Background) -> Served:
    return Served(deployment, background.wake, background.notice, background.client, background.ehr_troubles)


def _serve(clinics: Sequence[Served], log: Log, listening: socket.socket, write: Write) -> None:
    """Serve until a signal comes; then answer what was begun."""
    first = clinics[0].deployment
    by_clinic = {one.deployment.clinic: one.deployment.settings for one in clinics}
    with closing(Providers(first.clock, log)) as providers:
        identity = open_identity(by_clinic, first.database, first.clock, providers)
        app = create_service(clinics, log, identity)
        _serve_app(app, listening, write, [one.deployment for one in clinics])


def _serve_app(app: ASGIApp, listening: socket.socket, write: Write, clinics: Sequence[Deployment]) -> None:
    # uvicorn's own log would hold addresses with patients' ids, and tracebacks: ours says it without them.
    config = uvicorn.Config(
        app,
        http=connections_that_wait(clinics[0].settings.request_seconds),
        ws="none",
        h11_max_incomplete_event_size=LONGEST_HEAD_BYTES,
        limit_concurrency=MOST_CONNECTIONS,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=ANSWER_SECONDS,
    )
    # Builds the models before the first caller waits.
    check_structure({"resourceType": "QuestionnaireResponse"})
    leave_out_what_is_here()
    write(_welcome(clinics))
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _metrics(settings: ServiceSettings, deployments: Sequence[Deployment]) -> Iterator[None]:
    """Serve the figures while the block lasts, where a port is set for them. Raises ``SettingsRefused``."""
    metrics = Metrics(deployments)
    if settings.metrics_port is not None:
        try:
            metrics.serve(settings.host.strip("[]"), settings.metrics_port)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "the address cannot be taken"
            raise SettingsRefused([f"ALLIANCE_METRICS_PORT: cannot listen there: {reason}"]) from error
    try:
        yield
    finally:
        metrics.close()


def _leave(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _leave_stragglers() -> None:
    """End the process now where a request still waits for the database; all else has been closed.

    Its caller was told nothing, and the database undoes what was not committed. Python would wait for it.
    """
    main = threading.main_thread()
    if any(not one.daemon for one in threading.enumerate() if one is not main):
        os._exit(0)


def _refuse_unreachable(configuration: Configuration) -> None:
    """Refuse several clinics where nobody could say whose a request is, or nobody could reach one."""
    clinics = configuration.clinics
    if len(clinics) == 1:
        return
    unnamed = [
        f"[clinics.{name}]: no callers are configured (token_issuer, api_keys), so that nobody could reach it"
        for name, one in clinics.items()
        if not one.has_callers
    ]
    shared = find_shared_issuers(clinics)
    if unnamed or shared:
        raise SettingsRefused([*unnamed, *shared])


def _refuse_open_host(configuration: Configuration) -> None:
    has_callers = all(one.has_callers for one in configuration.clinics.values())
    if not (has_callers or is_loopback(configuration.service.host)):
        sentence = (
            "no callers are configured (ALLIANCE_TOKEN_ISSUER, ALLIANCE_API_KEYS), "
            "so only this machine may be served"
        )
        raise SettingsRefused([f"ALLIANCE_HOST: {sentence}; set it to 127.0.0.1, ::1 or localhost"])


def _listen(settings: ServiceSettings) -> socket.socket:
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


def _welcome(deployments: Sequence[Deployment]) -> str:
    address = _address(deployments[0].settings)
    return (
        f"Alliance service {VERSION} listens on {address}\n"
        f"  FHIR  {address}/fhir/metadata\n"
        f"  JSON  {address}/v1/instruments\n"
        f"{_ehrs(deployments)}"
        f"{_callers(deployments)}\n"
    )


def _ehrs(deployments: Sequence[Deployment]) -> str:
    """Return a line for each clinic's EHR; the clinic is named where it is not the only one."""
    none = "none (ALLIANCE_EHR_BASE_URL): deliveries wait"
    return "".join(
        f"  EHR   {f'{one.clinic}: ' if len(deployments) > 1 else ''}{one.settings.ehr_base_url or none}\n"
        for one in deployments
    )


def _callers(deployments: Sequence[Deployment]) -> str:
    settings = [one.settings for one in deployments]
    if not any(one.has_callers for one in settings):
        return "NO CALLERS ARE CONFIGURED: this machine alone is served, any other Host or Origin is refused."
    shown = {
        "tokens of ALLIANCE_TOKEN_ISSUER": any(one.token_issuer for one in settings),
        "API keys": any(one.api_keys for one in settings),
    }
    named = " or ".join(what for what, is_on in shown.items() if is_on)
    return f"  Callers show {named}; nobody else is served."


def _address(settings: ServiceSettings) -> str:
    host = settings.host.strip("[]")
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _health(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    address = _health_address(configuration_of(environ).service, worker=asked.worker)
    http = Http(frozenset({host_of(address)}), HEALTH_SECONDS)
    try:
        answer = http.exchange("GET", address)
    except EhrError as error:
        write(f"not alive: {error.code}\n")
        return 1
    finally:
        http.close()
    write("alive\n" if answer.status == _OK else f"not alive: status {answer.status}\n")
    return 0 if answer.status == _OK else 1


def _health_address(settings: ServiceSettings, *, worker: bool) -> str:
    """Return what to ask; a worker answers nowhere but where its figures are."""
    here = settings.model_copy(update={"host": reached_here(settings.host)})
    if not worker:
        return f"{_address(here)}/live"
    if settings.metrics_port is None:
        raise SettingsRefused(["ALLIANCE_METRICS_PORT: must be set, a worker answers nowhere else"])
    return f"{_address(here.model_copy(update={'port': settings.metrics_port}))}{_ONE_FIGURE}"
