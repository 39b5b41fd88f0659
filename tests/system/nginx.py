"""The proxy of service/container/nginx.conf on ports of this machine, as a process of its own."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.demo_clinic.processes import ROOT, free_port
from tests.system.children import Child

SHIPPED = (ROOT / "service" / "container" / "nginx.conf").read_text()
_TLS = re.compile(r"^ *ssl_.*\n", re.MULTILINE)


class Proxy(Child):
    """nginx before some servers (``127.0.0.1:8001``), without TLS; ready once one of them is.

    ``strangers`` is how many requests without a credential it lets through of one address.
    """

    def __init__(self, folder: Path, servers: Sequence[str], *, strangers: str = "50r/s") -> None:
        port = free_port(0)
        self.base_url = f"http://127.0.0.1:{port}"
        self._folder = folder / "nginx"
        self._folder.mkdir()
        shipped = re.findall(r"172[.0-9]+:8000", SHIPPED)
        text = _TLS.sub("", SHIPPED.replace("listen 8443 ssl;", f"listen 127.0.0.1:{port};"))
        for ours, theirs in zip(servers, shipped, strict=True):
            text = text.replace(theirs, ours)
        text = text.replace("strangers:10m rate=50r/s", f"strangers:10m rate={strangers}")
        (self._folder / "nginx.conf").write_text(text.replace("/tmp/", f"{self._folder}/"))  # noqa: S108 - theirs
        super().__init__(("nginx",), {}, folder / "nginx.log", f"{self.base_url}/ready")

    def command(self) -> list[str]:
        """Return the command line; the folder is ours alone, so that nginx keeps our user."""
        user = "user root; " if os.geteuid() == 0 else ""
        folder = ["-p", f"{self._folder}/", "-c", "nginx.conf", "-e", "stderr"]
        return ["nginx", *folder, "-g", f"{user}daemon off;"]


def faults_of(folder: Path, certificate: str, key: str) -> str:
    """Return what nginx says against the file as it is shipped, with this pair; nothing where it is well."""
    (folder / "tls-certificate").write_text(certificate)
    (folder / "tls-key").write_text(key)
    text = SHIPPED.replace("/tmp/", f"{folder}/")  # noqa: S108 - theirs
    (folder / "nginx.conf").write_text(text.replace("/run/secrets/", f"{folder}/"))
    # A fixed command of our own, without a shell.
    line = ["nginx", "-t", "-q", "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"]
    return subprocess.run(line, capture_output=True, text=True, check=False).stderr  # noqa: S603
