"""The files that pages load from us; there are none of others', and no script."""

from collections.abc import Callable
from importlib.resources import files

from starlette.responses import Response

# Name -> where it lies below service/pages, and what it is.
ASSETS = {
    "base.css": ("base.css", "text/css; charset=utf-8"),
    "clinician.css": ("clinician/clinician.css", "text/css; charset=utf-8"),
    "icon.svg": ("clinician/icon.svg", "image/svg+xml"),
}


def read_asset(name: str) -> Callable[[], Response]:
    """Return the route of one file."""
    path, media_type = ASSETS[name]

    def read() -> Response:
        """Answer the file; it changes with the release."""
        content = (files("service") / "pages" / path).read_bytes()
        return Response(content, 200, {"Cache-Control": "max-age=300"}, media_type)

    return read
