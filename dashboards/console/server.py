"""The console's process: pages, fonts and the emergency stop over HTTP, all from this machine and to this machine.

The stop does not ride on the page's own connection: the button posts to `/stop`, so it works while that connection is
being re-established, and a header that no other site's page may send keeps strangers from pressing it.
"""

import asyncio
import logging
import os
import socket as sockets
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from nicegui import app, ui
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware

from care.words import say
from dashboards.console import theme
from dashboards.console.duty import DutyWatch
from dashboards.console.fonts import full_face, page_face
from dashboards.console.hub import Hub
from dashboards.console.page import Page
from dashboards.console.words import Language, Texts
from gateway.live import EmergencyStop
from gateway.services.desk import Desk

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ACTOR = "console"

POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; worker-src 'none'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from anywhere else. The page library builds its templates in the browser, hence inline and eval."""


def run(
    socket: Path,
    host: str = "127.0.0.1",
    port: int = 8400,
    *,
    language: Language = "zh",
    desk: Desk | None = None,
) -> None:
    """Serve the console until the process is asked to end.

    Args:
        socket: the room's own socket; it need not exist yet.
        host: the address to listen on; the loopback address unless someone decides otherwise.
        port: the port to listen on; where it is taken, the process ends with one line that says so.
        language: of a page that was not asked for another (`/?lang=en`).
        desk: where alerts of this site are seen and answered; None: not here.
    """
    _must_be_free(host, port)
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # NiceGUI refuses to serve in a child of a test run that has it
    page_face()  # now, so that no page and no frame has to wait for it
    hub = Hub(socket, ACTOR)
    duty = DutyWatch(desk)
    for each in (hub, duty):
        app.on_startup(each.start)
        app.on_shutdown(each.close)
    logging.getLogger("fontTools").setLevel(logging.WARNING)

    @ui.page("/", response_timeout=10.0)
    def live(lang: str = language) -> None:
        chosen: Language = "en" if lang == "en" else "zh"
        texts = Texts(chosen)
        theme.dress(texts)
        page = Page(texts, hub, duty)
        ui.context.client.on_delete(page.close)

    _routes(hub)
    app.middleware("http")(_guard)
    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])
    ui.run(
        host=host,
        port=port,
        title=Texts(language)("page.title"),
        favicon=theme.FAVICON,
        language=None,
        reload=False,
        show=False,
        tailwind=False,
        show_welcome_message=False,
        binding_refresh_interval=None,
        reconnect_timeout=8.0,
        message_history_length=400,
        access_log=False,
        ws_per_message_deflate=False,
    )


def _must_be_free(host: str, port: int) -> None:
    """End with one line for people, rather than with a server's stack trace, when the port cannot be had."""
    try:
        family, kind, protocol, _, address = sockets.getaddrinfo(host, port, type=sockets.SOCK_STREAM)[0]
        with sockets.socket(family, kind, protocol) as probe:
            probe.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = error.strerror or error
        raise SystemExit(f"console: {host}:{port} cannot be used ({why}); choose another port in xinyi.toml") from None


def _routes(hub: Hub) -> None:
    @app.post("/stop")
    async def stop(request: Request) -> Response:
        if request.headers.get("x-xinyi") != "stop":
            return JSONResponse({"ok": False, "words": say("not_understood")}, status_code=400)
        reply = await asyncio.shield(hub.ask(EmergencyStop()))
        chosen: Language = "en" if request.query_params.get("lang") == "en" else "zh"
        return JSONResponse({"ok": reply.ok, "words": "" if reply.ok else say(reply.code, chosen)})

    @app.get("/fonts/{name}")
    def font(name: str) -> Response:
        forever = {"Cache-Control": "public, max-age=31536000, immutable"}
        if name == page_face().name:
            return Response(page_face().data, media_type="font/woff", headers=forever)
        if name == full_face().name:
            return Response(full_face().data, media_type="font/ttf", headers=forever)
        return Response(status_code=404)


async def _guard(request: Request, go_on: RequestResponseEndpoint) -> Response:
    response = await go_on(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if not request.url.path.startswith(("/_nicegui", "/fonts/")):
        response.headers["Cache-Control"] = "no-store"
    return response
