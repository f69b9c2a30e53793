"""A page as an HTTP POST with a small JSON body: for the robots of messengers, and whatever a district has."""

import json
import ssl
from collections.abc import Sequence
from pathlib import Path

import urllib3

from gateway.duty.config import fill
from gateway.duty.paging import Page, PagerFailed

TIMEOUT_S = 10.0


class Webhook:
    """One or several addresses that all get the same.

    Args:
        urls: where to; a redirect is not followed.
        body: JSON text in which {text}, {seat} and {site} are filled in.
        secret: sent as a bearer token; "" is none.
        ca: PEM file of the authority behind them; "" is the system's.
    """

    name = "webhook"

    def __init__(self, urls: Sequence[str], body: str, secret: str = "", ca: str = "") -> None:
        self._urls, self._body, self._ca = urls, json.loads(body), ca
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})

    def send(self, page: Page) -> str:
        """See `Pager.send`."""
        said = fill(self._body, {"text": page.text, "seat": page.seat, "site": page.site})
        payload = json.dumps(said, ensure_ascii=False).encode()
        try:
            context = ssl.create_default_context(cafile=str(Path(self._ca).expanduser()) if self._ca else None)
        except OSError as error:
            raise PagerFailed(f"{self._ca} cannot be read ({error.strerror})") from None
        problems = []
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=TIMEOUT_S) as http:
            for number, url in enumerate(self._urls, 1):
                try:
                    answer = http.request("POST", url, body=payload, headers=self._headers, redirect=False)
                except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                    problems.append(f"address {number}: {type(error).__name__}")  # its text holds the address
                else:
                    if not 200 <= answer.status < 300:
                        problems.append(f"address {number}: answers {answer.status}")
        if len(problems) == len(self._urls):
            raise PagerFailed(", ".join(problems))
        return ", ".join(problems)
