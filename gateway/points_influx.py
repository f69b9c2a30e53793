"""Points in InfluxDB: the write API of version 2, or InfluxDB 1 behind the proxy of deploy/influxdb.

The batching of its client drops what it cannot send (facts 0.10), so it is used synchronously, without retries, with
lines made by us, inside our own loop. "400 partial write" means that the rest was stored (facts 0.5) and seldom says
which line is bad: the batch is halved until the bad lines stand alone; writing the others twice changes nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from gateway.errors import PointsAway
from gateway.points import Point, Refused, line_of

TIMEOUT_MS = 10_000
_BAD = (400, 413, 422)


@dataclass(frozen=True, slots=True)
class InfluxAddress:
    """Where points go. `bucket` is the database for InfluxDB 1."""

    url: str
    token: str
    org: str
    bucket: str


class InfluxPoints:
    """A `PointStore` in InfluxDB. Makes no connection before the first write."""

    def __init__(self, address: InfluxAddress, *, timeout_ms: int = TIMEOUT_MS) -> None:
        self._address = address
        self._client = InfluxDBClient(
            url=address.url, token=address.token, org=address.org, timeout=timeout_ms, retries=False, enable_gzip=True
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, points: Sequence[Point]) -> list[Refused]:
        """See `PointStore.write`."""
        return self._write([line_of(point) for point in points])

    def close(self) -> None:
        self._writer.close()  # type: ignore[no-untyped-call] # the library's gap
        self._client.close()  # type: ignore[no-untyped-call] # the same

    def _write(self, lines: list[str]) -> list[Refused]:
        reason = self._refusal(lines)
        if not reason:
            return []
        if len(lines) == 1:
            return [Refused(lines[0], reason)]
        middle = len(lines) // 2
        return self._write(lines[:middle]) + self._write(lines[middle:])

    def _refusal(self, lines: list[str]) -> str:
        """Send lines. "" when all are stored, the store's reason when at least one is not."""
        try:
            self._writer.write(bucket=self._address.bucket, record="\n".join(lines))  # ns is its default
        except ApiException as error:
            if error.status in _BAD:
                return _reason(error)
            raise self._away(f"answers {error.status}: {_reason(error)}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(f"does not answer ({error})") from error
        return ""

    def _away(self, problem: str) -> PointsAway:
        return PointsAway(
            self._address.url,
            f"the points store {problem}",
            "check the service, its bucket and its token; rows are safe",
        )


def query(address: InfluxAddress, influxql: str) -> list[dict[str, Any]]:
    """Ask in InfluxQL over /query, which InfluxDB 1, 2 and 3 all speak. One dict per row, tags of its series included.

    Raises:
        PointsAway: the store does not answer, or not the question.
    """
    asked = urlencode({"db": address.bucket, "q": influxql, "epoch": "ns"})
    headers = {"Authorization": f"Token {address.token}"}
    try:
        answer = urllib3.request(
            "GET", f"{address.url}/query?{asked}", headers=headers, timeout=TIMEOUT_MS / 1000, retries=False
        )
        told = json.loads(answer.data)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise PointsAway(address.url, f"does not answer a query ({error})", "check the service") from error
    failure = told.get("error") or next((each["error"] for each in told.get("results", ()) if "error" in each), "")
    if failure or answer.status != 200:
        raise PointsAway(address.url, f"refuses a query ({failure or answer.status})", "check bucket, token and query")
    return [
        series.get("tags", {}) | dict(zip(series["columns"], values, strict=True))
        for result in told.get("results", ())
        for series in result.get("series", ())
        for values in series["values"]
    ]


def _reason(error: ApiException) -> str:
    """What the store said, in one line."""
    body = error.body or error.reason or ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        told = json.loads(text)
    except ValueError:
        told = {}
    if isinstance(told, dict):
        text = str(told.get("error") or told.get("message") or text)
    return " ".join(text.split())[:500]
