"""A page as an HTTP POST with a small JSON body: for the robots of messengers, and whatever a district has."""

import json
import ssl
from pathlib import Path

import urllib3

from gateway.duty.config import fill
from gateway.duty.paging import Page, PagerFailed

TIMEOUT_S = 10.0


class Webhook:
    """One address.

    Args:
        url: where to; a redirect is not followed.
        body: JSON text in which {text}, {seat} and {site} are filled in.
        secret: sent as a bearer token; "" is none.
        ca: PEM file of the authority behind it; "" is the system's.
        name: as it stands in the steps of an alert; the address may hold a secret.
    """

    def __init__(self, url: str, body: str, secret: str = "", ca: str = "", name: str = "webhook") -> None:
        self._url, self._body, self._ca, self.name = url, json.loads(body), ca, name
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})

    def send(self, page: Page) -> str:
        """See `Pager.send`."""
        said = fill(self._body, {"text": page.text, "seat": page.seat, "site": page.site})
        payload = json.dumps(said, ensure_ascii=False).encode()
        try:
            context = ssl.create_default_context(cafile=str(Path(self._ca).expanduser()) if self._ca else None)
        except OSError as error:
            raise PagerFailed(f"{self._ca} cannot be read ({error.strerror})") from None
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=TIMEOUT_S) as http:
            try:
                answer = http.request(
                    "POST", self._url, body=payload, headers=self._headers, redirect=False, preload_content=False
                )
                answer.close()  # what it says beside its status may have no end
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise PagerFailed(type(error).__name__) from None  # its text holds the address
        if not 200 <= answer.status < 300:
            raise PagerFailed(f"answers {answer.status}")
        return ""
