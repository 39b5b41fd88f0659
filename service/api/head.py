"""HEAD: whatever GET would answer at the same address, without its body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Middleware: serves HEAD by the routes of GET and keeps their body back; Content-Length stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; only a HEAD is changed."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        # A range is of GET alone (RFC 9110, 14.2).
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"range"]
        # CAUTION: not a copy: the gate before us looks up the route here.
        scope["method"] = "GET"
        await self._app(scope, receive, send_without_body)
