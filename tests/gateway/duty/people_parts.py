"""Real servers that pagers reach: an HTTP server that writes down what is posted, and a mail server (aiosmtpd)."""

import json
import ssl
import threading
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from gateway.broker import free_port


class Messenger:
    """Takes JSON by POST. `refuses` is how many it answers with an error first; `holds` keeps all waiting until set."""

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self.posts: list[tuple[dict[str, str], Any]] = []
        self.refuses = 0
        self.holds = threading.Event()
        self.holds.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.holds.wait(30)
                refused = outer.refuses > 0
                outer.refuses -= refused
                if not refused:
                    outer.posts.append((dict(self.headers), body))
                self.send_response(503 if refused else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/page"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.holds.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class PostOffice:
    """Takes mail; with `login` only from whoever knows it, with `tls` only over STARTTLS."""

    def __init__(self, tls: tuple[Path, Path] | None = None, login: tuple[str, str] | None = None) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        outer = self

        class Handler:
            async def handle_DATA(  # noqa: N802 - the name is the library's
                self, _server: SMTP, _session: Session, envelope: Envelope
            ) -> str:
                from email import message_from_bytes, policy

                message = message_from_bytes(envelope.content, policy=policy.default)
                outer.mails.append((list(envelope.rcpt_tos), message))
                return "250 OK"

        def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
            good = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == login
            return AuthResult(success=good, handled=good)

        options: dict[str, Any] = {"require_starttls": True, "tls_context": context} if context else {}
        if login:
            options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": bool(context)}
        self.port = free_port()
        self._controller = Controller(Handler(), hostname="127.0.0.1", port=self.port, **options)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
