"""The command line: ``python -m service <command>``.

The only place that reads the environment. Exit codes: 0 well, 1 not well, 2 settings or command line refused.
"""

import argparse
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import NoReturn

import uvicorn

from fhir_mappings import json_text
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.check_files import check_instrument_files
from fhir_mappings.codes import Names
from fhir_mappings.structure import check_structure
from fhir_mappings.summary import summary
from fhir_mappings.wording_file import LANGUAGE
from fhir_mappings.wording_template import to_template
from service import VERSION
from service.alliance.norms import load_norms
from service.alliance.parameters import default_parameters
from service.app import create_app
from service.clock import system_clock
from service.errors import EhrError, SettingsRefused
from service.flows.canonical_base import check_canonical_base
from service.flows.check_stored_instruments import check_stored_instruments
from service.flows.choose_instruments import FOLDER, ChosenInstruments, choose_instruments
from service.flows.deployment import Access, Deployment
from service.flows.keep_wording import FOLDER as WORDING_FOLDER
from service.flows.keep_wording import choose_wording, keep_wording
from service.flows.release_deliveries import release_deliveries
from service.http import Http, host_of
from service.log import Log
from service.settings import Settings, is_loopback, read_settings, settings_table
from service.store.database import Database
from service.store.deliveries import list_deliveries
from service.worker import Worker

CLINIC = "default"
DRAIN_SECONDS = 10.0
HEALTH_SECONDS = 5.0
_LISTED = 200
_UNREADABLE = "cannot be read as a text in UTF-8"
_OK = 200

Write = Callable[[str], object]


def say(text: str) -> None:
    """Write to standard output at once: what runs for weeks must not keep its first words in a buffer."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main(arguments: Sequence[str], environ: Mapping[str, str], write: Write = say) -> int:
    """Run one command and return the exit code; a refused command line exits with 2 and says how."""
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Mapping[str, str], Write], int] = asked.command
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
    commands = parser.add_subparsers(metavar="command", required=True)

    def add(name: str, command: Callable[..., int], about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        made.set_defaults(command=command)
        return made

    add("run", _run, "serve the API and deliver to the EHR, until told to stop")
    add("migrate", _migrate, "bring the database to this release, then end")
    add("health", _health, "ask the running service whether it is alive")
    add("settings-table", _settings_table, "write the settings as a Markdown table")
    add("openapi", _openapi, "write the OpenAPI description as JSON")
    checking = add("check-instruments", _check_instruments, "check instrument files and work an example")
    checking.add_argument(
        "paths", nargs="*", type=Path, metavar="DIR", help="folder or file; default: those shipped"
    )
    template = add("wording-template", _wording_template, "write an empty file for a clinic's own wording")
    template.add_argument("instrument", help="such as srs-3")
    template.add_argument("language", help="language tag, such as de or pt-BR")
    held = add("deliveries", _deliveries, "list deliveries, or release those held as old")
    held.add_argument("act", choices=("list", "release"))
    held.add_argument("--state", help="list only this state; parked: all that a person must look at")
    sandbox = add("sandbox-ehr", _sandbox_ehr, "serve a small FHIR server to try against")
    sandbox.add_argument("--host", default="127.0.0.1")
    sandbox.add_argument("--port", type=int, default=8095)
    sandbox.add_argument("--database", default="sandbox-ehr.db", help="path of its SQLite file")
    sandbox.add_argument("--surface", default="everything", help="what it lets others write")
    sandbox.add_argument("--fhir-version", default="4.0.1", help="the release that it says to speak")
    return parser


def _run(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    settings = _settings(environ)
    _refuse_open_host(settings)
    # SIGTERM leaves like Ctrl-C, by the way out that drains the worker.
    signal.signal(signal.SIGTERM, _leave)
    chosen = _chosen_instruments(settings)
    wordings = choose_wording(_wording_files(settings), chosen.known, CLINIC)
    deployment = _deployment(settings, chosen)
    log = Log()
    try:
        deployment.database.migrate()
        with deployment.database.write() as tx:
            check_canonical_base(tx, CLINIC, deployment.names)
            check_stored_instruments(tx, CLINIC, chosen)
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


def _migrate(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    database = Database(_settings(environ).database_url)
    try:
        database.migrate()
    finally:
        database.close()
    write("The database is at this release.\n")
    return 0


def _health(_: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    settings = _settings(environ)
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


def _deliveries(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    settings = _settings(environ)
    deployment = _deployment(settings, _chosen_instruments(settings))
    try:
        deployment.database.migrate()
        if asked.act == "release":
            access = Access(CLINIC, "command line", "deliveries release", "U", "command-line")
            write(f"{release_deliveries(deployment, access)} released\n")
        else:
            _list_deliveries(deployment, asked.state, write)
    finally:
        deployment.database.close()
    return 0


def _list_deliveries(deployment: Deployment, state: str | None, write: Write) -> None:
    with deployment.database.read() as tx:
        found = list_deliveries(tx, CLINIC, state=state, limit=_LISTED + 1)
    for one in found[:_LISTED]:
        subject = f"{one.subject_kind} {one.subject_id} version {one.subject_version}"
        write(f"{one.id}  {one.state:<9}  {subject}  {one.reason}".rstrip() + "\n")
    if len(found) > _LISTED:
        write(f"… and more: GET /v1/deliveries lists them all, page by page ({_LISTED} shown)\n")
    if not found:
        write("no deliveries\n")


def _check_instruments(asked: argparse.Namespace, _: Mapping[str, str], write: Write) -> int:
    if not asked.paths:
        write("\n\n".join(summary(one) for one in shipped_instruments().values()) + "\n")
        return 0
    files, unreadable = _read_texts(file for path in asked.paths for file in _instrument_files(path))
    report = check_instrument_files(files, shipped_instruments())
    for name in unreadable:
        write(f"{name}: {_UNREADABLE}\n")
    write(f"{report.text()}\n" if files else "")
    if not files and not unreadable:
        write("there is no instrument file (<id>.toml)\n")
    return 1 if unreadable or report.fault_count or not files else 0


def _wording_template(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    known = _chosen_instruments(_settings(environ)).known
    faults = []
    if asked.instrument not in known:
        faults.append(f"INSTRUMENT: there is no instrument {asked.instrument}")
    if not LANGUAGE.fullmatch(asked.language):
        faults.append("LANGUAGE: must be a language tag, such as de or pt-BR")
    if faults:
        raise SettingsRefused(faults)
    write(to_template(known[asked.instrument], asked.language))
    return 0


def _instrument_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.toml")) if path.is_dir() else [path]


def _read_texts(paths: Iterable[Path]) -> tuple[dict[str, str], list[str]]:
    """Return the texts by file name, and the names of those that cannot be read."""
    texts: dict[str, str] = {}
    unreadable = []
    for path in paths:
        try:
            texts[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            unreadable.append(path.name)
    return texts, unreadable


def _settings_table(_: argparse.Namespace, __: Mapping[str, str], write: Write) -> int:
    write(settings_table())
    return 0


def _openapi(_: argparse.Namespace, __: Mapping[str, str], write: Write) -> int:
    # The database is never opened: the description needs the routes alone.
    settings = Settings.model_validate({})
    deployment = _deployment(settings, choose_instruments(settings, {}))
    write(json_text.dumps_indented(create_app(deployment, Log()).openapi()).decode())
    return 0


def _sandbox_ehr(asked: argparse.Namespace, _: Mapping[str, str], __: Write) -> int:
    # Here, since the service itself never needs the sandbox.
    from service.sandbox.server import run_sandbox  # noqa: PLC0415 - see above

    try:
        run_sandbox(asked.host, asked.port, asked.database, asked.surface, asked.fhir_version)
    except ValueError as error:
        raise SettingsRefused([f"--surface, --fhir-version: {error}"]) from error
    return 0


def _settings(environ: Mapping[str, str]) -> Settings:
    return read_settings(environ, lambda path: Path(path).read_text(encoding="utf-8"))


def _chosen_instruments(settings: Settings) -> ChosenInstruments:
    if settings.instruments_dir is None:
        return choose_instruments(settings, {})
    folder = Path(settings.instruments_dir)
    if not folder.is_dir():
        raise SettingsRefused([f"{FOLDER}: there is no such folder"])
    files, unreadable = _read_texts(_instrument_files(folder))
    if unreadable:
        raise SettingsRefused([f"{FOLDER}: {name}: {_UNREADABLE}" for name in unreadable])
    return choose_instruments(settings, files)


def _wording_files(settings: Settings) -> dict[str, str]:
    """Return the texts of the clinic's wording by ``<clinic>/<file>``; hidden files are left alone."""
    if settings.wording_dir is None:
        return {}
    folder = Path(settings.wording_dir)
    if not folder.is_dir():
        raise SettingsRefused([f"{WORDING_FOLDER}: there is no such folder"])
    texts, unreadable = {}, []
    for path in sorted(folder.rglob("*.toml")):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in PurePosixPath(name).parts):
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            unreadable.append(f"{WORDING_FOLDER}: {name}: {_UNREADABLE}")
    if unreadable:
        raise SettingsRefused(unreadable)
    return texts


def _deployment(settings: Settings, chosen: ChosenInstruments) -> Deployment:
    return Deployment(
        database=Database(settings.database_url),
        settings=settings,
        names=Names(settings.canonical_base),
        instruments=chosen.offered,
        known=chosen.known,
        norms=load_norms(),
        parameters=default_parameters(),
        clock=system_clock,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
