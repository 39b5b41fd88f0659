"""What the pages load: the files of ``service/pages``, under an address that changes with their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from starlette.responses import Response

from service.errors import NotFound

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
        "html": "text/html; charset=utf-8",
    }
)
_WORKER_POLICY = "default-src 'none'; connect-src 'self'"
_DIGITS = 16
# Nothing in them is about anybody, and the address is another one as soon as a byte of them is.
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class PageFiles:
    """Files by name, and ``version``: a digest of them all."""

    contents: Mapping[str, bytes]
    version: str

    def text(self, name: str) -> str:
        """Return a file's text."""
        return self.contents[name].decode()

    def answer(self, version: str, name: str) -> Response:
        """Return one file to be kept for ever; raises ``NotFound``, also for another release's version."""
        if version != self.version or name not in self.contents:
            raise NotFound("There is nothing at this address.")
        return Response(self.contents[name], 200, _FOR_EVER, _TYPES[name.rpartition(".")[2]])

    def answer_worker(self, name: str) -> Response:
        """Return a service worker's script, asked for anew each time.

        It fetches by the policy that comes with it, not by that of the page.
        """
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _WORKER_POLICY}
        return Response(self.contents[name], 200, headers, _TYPES[name.rpartition(".")[2]])


@cache
def page_files(folder: str) -> PageFiles:
    """Return what the pages of ``service/pages/<folder>`` load, with the look that all pages share.

    The files are read once, at the first call.
    """
    pages = files("service") / "pages"
    found = [pages / "base.css", *(pages / folder).iterdir()]
    contents = {one.name: one.read_bytes() for one in sorted(found, key=_name) if _is_loaded(one)}
    digest = hashlib.sha256(b"\0".join(part for name in contents for part in (name.encode(), contents[name])))
    return PageFiles(MappingProxyType(contents), digest.hexdigest()[:_DIGITS])


def _name(one: Traversable) -> str:
    return one.name


def _is_loaded(one: Traversable) -> bool:
    return one.is_file() and one.name.rpartition(".")[2] in _TYPES
