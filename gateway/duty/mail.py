"""A page as a mail. The subject is the text; nothing else is in it."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Literal

from gateway.duty.paging import Page, PagerFailed

TIMEOUT_S = 10.0
_MAILTO = "mailto:"


class Mail:
    """A mail server, and who always gets it; those on duty with a "mailto:" get it besides.

    Args:
        server: host name.
        port: of it.
        tls: "starttls", "tls" from the first byte, or "none".
        sender: address.
        to: addresses.
        user: "" logs in nowhere.
        secret: password.
        ca: PEM file of the authority behind the server; "" is the system's.
    """

    name = "mail"

    def __init__(
        self,
        server: str,
        port: int,
        tls: Literal["starttls", "tls", "none"],
        sender: str,
        to: Sequence[str],
        user: str = "",
        secret: str = "",
        ca: str = "",
    ) -> None:
        self._server, self._port, self._tls, self._ca = server, port, tls, ca
        self._sender, self._to, self._user, self._secret = sender, to, user, secret

    def send(self, page: Page) -> str:
        """See `Pager.send`."""
        on_duty = [each.removeprefix(_MAILTO) for each in page.reach if each.startswith(_MAILTO)]
        to = list(dict.fromkeys([*self._to, *on_duty]))
        if not to:
            raise PagerFailed("nobody on duty has an address, and duty.mail_to is empty")
        try:
            refused = self._send(_message(page, self._sender), to)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise PagerFailed(_why(error)) from None
        return f"{len(refused)} of {len(to)} addresses are refused" if refused else ""

    def _send(self, message: EmailMessage, to: list[str]) -> dict[str, tuple[int, bytes]]:
        context = ssl.create_default_context(cafile=str(Path(self._ca).expanduser()) if self._ca else None)
        server = (
            smtplib.SMTP_SSL(self._server, self._port, timeout=TIMEOUT_S, context=context)
            if self._tls == "tls"
            else smtplib.SMTP(self._server, self._port, timeout=TIMEOUT_S)
        )
        with server:
            if self._tls == "starttls":
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._secret)
            return server.send_message(message, self._sender, to)


def _message(page: Page, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = page.text
    message["From"] = sender
    message["To"] = "undisclosed-recipients:;"
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "xinyi")
    message["X-Priority"] = "1"
    message.set_content(page.text)
    return message


def _why(error: Exception) -> str:
    """Why, without what was said: a server's answer may repeat addresses."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__}{f' {code}' if code else ''}"
