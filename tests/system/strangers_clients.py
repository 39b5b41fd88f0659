"""FHIR clients that others wrote, each run as a program of its own against a FHIR door."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.system.environments import environment_of, run_fixed, tests_cache
from tests.system.npm_packages import run_npm

_HERE = Path(__file__).parent / "strangers"
_KIT = "fhir-kit-client@2.0.3"


def found_by(client: str, base: str, forms: Sequence[Mapping[str, Any]], patient: str, folder: Path) -> Any:
    """Return what the client says that it created, paged, corrected and read, as its script prints it."""
    for number, form in enumerate(forms):
        path = folder / "forms" / f"{number:02}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(form, default=float))
    together = folder / "forms.json"
    together.write_text(json.dumps(list(forms), default=float))
    given = str(folder / "forms" if client == "hapi" else together)
    # Our own scripts, and the clients that they name.
    done = subprocess.run(  # noqa: S603
        [*CLIENTS[client](), base, given, patient], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True, slots=True)
class AskedBulk:
    """A bulk export: ``level`` is ``system`` or the id of a group."""

    types: str
    level: str = "system"


def fetched_by_smart_fetch(base: str, asked: AskedBulk, folder: Path) -> list[Any]:
    """Return the resources that smart-fetch downloads; it knows Observation alone of our types."""
    program = environment_of(_HERE / "requirements.txt") / "bin" / "smart-fetch"
    # Its filters leave out categories; its files are packed unless told otherwise.
    plain = ["--no-default-filters", "--no-compression", "--type", asked.types, "--fhir-url", base]
    group = [] if asked.level == "system" else ["--group", asked.level]
    _run([str(program), "bulk", *plain, *group, str(folder)])
    return _lines_in(folder, asked.types)


def fetched_by_bulk_export(base: str, asked: AskedBulk, folder: Path) -> list[Any]:
    """Return the resources that fhir-bulk-java downloads, which Pathling uses."""
    _run([*_with_java("bulk_export"), base, str(folder), asked.level, asked.types])
    return _lines_in(folder, asked.types)


def _run(command: list[str]) -> None:
    # Our own scripts, and the clients that they name.
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def _lines_in(folder: Path, types: str) -> list[Any]:
    files = sorted(file for kind in types.split(",") for file in folder.glob(f"{kind}.*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def _with_python(script: str) -> list[str]:
    python = environment_of(_HERE / "requirements.txt") / "bin" / "python"
    return [str(python), str(_HERE / script)]


def _with_node() -> list[str]:
    folder = tests_cache() / _KIT
    if not (folder / "node_modules" / "fhir-kit-client" / "package.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        run_npm("install", "--silent", *options, _KIT)
    return ["node", str(_HERE / "with_fhir_kit_client.mjs"), str(folder)]


def _with_java(program: str) -> list[str]:
    sources = sorted(one for one in (_HERE / program).rglob("*") if one.is_file())
    content = sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:12]
    folder = tests_cache() / f"strangers-{program}-{content}"
    jar = folder / "strangers.jar"
    if not jar.is_file():
        pom = str(_HERE / program / "pom.xml")
        run_fixed("mvn", "-B", "-ntp", "-q", "-f", pom, "package", f"-Dstrangers.build={folder}")
    return ["java", "-jar", str(jar)]


CLIENTS: Mapping[str, Callable[[], list[str]]] = {
    "fhirpy": lambda: _with_python("with_fhirpy.py"),
    "fhirclient": lambda: _with_python("with_fhirclient.py"),
    "fhir-kit-client": _with_node,
    "hapi": lambda: _with_java("hapi"),
}

BULK_CLIENTS: Mapping[str, Callable[[str, AskedBulk, Path], list[Any]]] = {
    "smart-fetch": fetched_by_smart_fetch,
    "fhir-bulk-java": fetched_by_bulk_export,
}
