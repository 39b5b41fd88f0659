"""What the system tests need of the machine, in groups that can be left out one by one."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from tests.system.postgres import find_program

JAVA_AT_LEAST = 17


@dataclass(frozen=True, slots=True)
class Group:
    """Tests that share a pytest marker and need the same tools; ``title`` is for people."""

    marker: str
    title: str
    commands: tuple[str, ...]
    java: bool = False
    root: bool = False


GROUPS = (
    Group("hapi", "the tests against the real HAPI server", ("javac", "mvn", "npm", "curl"), java=True),
    Group(
        "idp",
        "signing in at the EHR by a real Keycloak",
        ("javac", "mvn", "npm", "curl", "setsid"),
        java=True,
    ),
    Group("parity", "the formulas in another FHIRPath engine", ("node", "npm")),
    Group("strangers", "other people's FHIR clients", ("node", "npm", "javac", "mvn"), java=True),
    Group(
        "postgres",
        "the tests on PostgreSQL",
        ("initdb", "pg_ctl", "createdb", "psql", "pg_isready", "pg_dump", "pg_restore"),
    ),
    Group(
        "container",
        "the image, built and run",
        ("buildah", "debootstrap", "unshare", "mount", "npm", "initdb", "pg_ctl", "createdb"),
        root=True,
    ),
    Group("replicas", "replicas behind a proxy", ("initdb", "pg_ctl", "createdb", "pg_basebackup", "nginx")),
    Group("spark", "the views on Spark with Pathling", ("bash",)),
    Group("rendering", "the forms in LHC-Forms", ("chromium", "node", "npm")),
    Group("browser", "the pages in Chromium", ("chromium", "npm")),
    Group("readme", "the commands of the pages", ("bash", "curl", "make")),
)


def missing_tools(
    group: Group, find: Callable[[str], str | None] = find_program, java: Callable[[], int] | None = None
) -> list[str]:
    """Return what the machine lacks for a group, in words; nothing where it has all."""
    lacking = [command for command in group.commands if find(command) is None]
    if group.root and os.geteuid() != 0:
        lacking.append("root's rights")
    if group.java:
        found = (java or java_version)()
        if found < JAVA_AT_LEAST:
            lacking.append(f"Java {JAVA_AT_LEAST} or newer" + (f" (found {found})" if found else ""))
    return lacking


def java_version() -> int:
    """Return the major version of the machine's Java; 0 where there is none."""
    if shutil.which("java") is None:
        return 0
    # A fixed command; Java tells its version on standard error.
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S607
    return parse_java_version(told)


def parse_java_version(told: str) -> int:
    """Return 17 for ``openjdk version "17.0.15"``, 8 for ``"1.8.0_402"``, 0 for anything else."""
    match = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(match.group(1)) if match else 0
