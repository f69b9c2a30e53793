"""Points in InfluxDB: the write API of version 2, or InfluxDB 1 behind the proxy of deploy/influxdb.

The batching of its client drops what it cannot send (facts 0.10), so it is used synchronously, without retries, with
lines made by us, inside our own loop. "400 partial write" means that the rest was stored (facts 0.5): the lines that it
names (`influx_refusals.py`) are taken out, and where it names none the batch is halved until the bad ones stand alone.
Writing the others twice changes nothing. Each tier has a bucket; for InfluxDB 1 that is "database/policy".
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from gateway.errors import PointsAway
from gateway.influx_refusals import blame
from gateway.messages import DeviceMinutes
from gateway.point_lines import lines_of
from gateway.points import FLEET_MEASUREMENTS, Drawing, Point, Refused, Span, Tier, line_of, tier_of

LINES_IN_ONE = 5_000
TIMEOUT_MS = 10_000
_BAD = (400, 413, 422)


_SAID = 100_000
"""How much of what the store says is read: it repeats every line that it cannot parse."""
_NO_SUCH_API = (404, 405)
_LOOPBACK = ("127.", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class InfluxAddress:
    """Where points go. For InfluxDB 1 a bucket is a database, or "database/retention policy".

    Attributes:
        bucket_1s: for the roll-ups of a second; "" is `bucket`.
        bucket_1min: for what is kept by the minute; "" is `bucket`.
    """

    url: str
    token: str
    org: str
    bucket: str
    bucket_1s: str = ""
    bucket_1min: str = ""

    def bucket_of(self, tier: Tier) -> str:
        return {Tier.SECONDS: self.bucket_1s, Tier.MINUTES: self.bucket_1min}.get(tier, "") or self.bucket

    @property
    def is_near(self) -> bool:
        """On this machine: nothing is gained by packing what goes there."""
        return (urlsplit(self.url).hostname or "").startswith(_LOOPBACK)


class InfluxPoints:
    """A `PointStore` in InfluxDB. Makes no connection before the first write."""

    def __init__(self, address: InfluxAddress, *, timeout_ms: int = TIMEOUT_MS) -> None:
        self.address = address
        self._timeout_s = timeout_ms / 1000
        self._has_delete = True
        self._sender = ThreadPoolExecutor(1, "points")
        self._client = InfluxDBClient(
            url=address.url,
            token=address.token,
            org=address.org,
            timeout=timeout_ms,
            retries=False,
            enable_gzip=not address.is_near,
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    @property
    def settling(self) -> None:
        """What it has taken is on the disk."""
        return None

    def write(self, points: Sequence[Point], drawings: Sequence[Drawing] = ()) -> list[Refused]:
        """See `PointStore.write`. While some lines are on their way, the next are made; their order stays."""
        sent = [
            self._sender.submit(self._write, self.address.bucket_of(tier), lines)
            for tier, lines in self._by_tier(points, drawings)
        ]
        try:
            return [refused for each in sent for refused in each.result()]
        finally:
            for each in sent:
                each.cancel()
            wait(sent)

    def erase(self, span: Span) -> None:
        """See `PointStore.erase`. InfluxDB 2 has an API for it, 1 does it in InfluxQL."""
        statements: defaultdict[str, list[str]] = defaultdict(list)
        for measurement in span.measurements:
            bucket = self.address.bucket_of(tier_of(measurement))
            self._has_delete = self._has_delete and self._erase_v2(bucket, measurement, span)
            if not self._has_delete:
                tags = f"\"site\" = '{_in_influxql(span.site)}' AND \"device\" = '{_in_influxql(span.device)}'"
                when = f"time >= {span.from_ns} AND time < {span.to_ns}"
                statements[bucket.partition("/")[0]].append(
                    f'DELETE FROM "{measurement}" WHERE {tags} AND {when}'  # noqa: S608 - escaped above
                )
        for database, each in statements.items():
            try:
                query(self.address, "; ".join(each), database)
            except PointsAway:
                self._has_delete = True  # a bucket that is missing is also a 404
                raise

    def prune(self, tier: Tier, before_ns: int) -> int:
        """Nothing: its buckets have retention rules (deploy/influxdb)."""
        del tier, before_ns
        return 0

    def close(self) -> None:
        self._sender.shutdown()
        self._writer.close()  # type: ignore[no-untyped-call] # the library's gap
        self._client.close()  # type: ignore[no-untyped-call] # the same

    def _by_tier(self, points: Sequence[Point], drawings: Sequence[Drawing]) -> Iterator[tuple[Tier, list[str]]]:
        """Lines, as many as go into one POST at a time."""
        fleet = [each for each in drawings if isinstance(each.body, DeviceMinutes)]
        session = [each for each in drawings if not isinstance(each.body, DeviceMinutes)]
        by_tier: defaultdict[Tier, list[Point]] = defaultdict(list)
        for point in points:
            by_tier[tier_of(point.measurement)].append(point)
        sources: list[tuple[Tier, Iterator[list[str]]]] = [
            (Tier.RAW, (lines_of(*each) for each in session)),
            (tier_of(FLEET_MEASUREMENTS[0]), (lines_of(*each) for each in fleet)),
            *((tier, ([line_of(point)] for point in found)) for tier, found in by_tier.items()),
        ]
        for tier, source in sources:
            lines: list[str] = []
            for some in source:
                lines += some
                while len(lines) >= LINES_IN_ONE:
                    yield tier, lines[:LINES_IN_ONE]
                    lines = lines[LINES_IN_ONE:]
            if lines:
                yield tier, lines

    def _write(self, bucket: str, lines: list[str]) -> list[Refused]:
        reason = self._refusal(bucket, lines)
        if not reason:
            return []
        if len(lines) == 1:
            return [Refused(lines[0], _short(reason))]
        blamed = blame(reason, lines)
        named = [lines[place] for place in sorted(blamed.reasons)]
        rest = [line for place, line in enumerate(lines) if place not in blamed.reasons]
        if named and blamed.certain:
            refused = [Refused(lines[place], _short(why)) for place, why in sorted(blamed.reasons.items())]
            return refused + (self._write(bucket, rest) if rest else [])
        if named and rest:
            return self._write(bucket, rest) + self._write(bucket, named)
        middle = len(lines) // 2
        return self._write(bucket, lines[:middle]) + self._write(bucket, lines[middle:])

    def _refusal(self, bucket: str, lines: list[str]) -> str:
        """Send lines. "" when all are stored, the store's reason when at least one is not."""
        try:
            self._writer.write(bucket=bucket, record="\n".join(lines).encode())  # ns is its default
        except ApiException as error:
            if error.status in _BAD:
                return _reason(error)
            raise self._away(f"answers {error.status}: {_short(_reason(error))}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(f"does not answer ({error})") from error
        return ""

    def _erase_v2(self, bucket: str, measurement: str, span: Span) -> bool:
        """Erase by the API of InfluxDB 2; False where there is none."""
        tags = (("_measurement", measurement), ("site", span.site), ("device", span.device))
        quote = json.dumps
        asked = {
            "start": _rfc3339(span.from_ns),
            "stop": _rfc3339(span.to_ns - 1),
            "predicate": " AND ".join(f"{name}={quote(value, ensure_ascii=False)}" for name, value in tags),
        }
        where = urlencode({"org": self.address.org, "bucket": bucket})
        headers = {"Authorization": f"Token {self.address.token}", "Content-Type": "application/json"}
        try:
            answer = urllib3.request(
                "POST",
                f"{self.address.url}/api/v2/delete?{where}",
                body=quote(asked).encode(),
                headers=headers,
                timeout=self._timeout_s,
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(f"does not answer ({error})") from error
        if answer.status in _NO_SUCH_API:
            return False
        if answer.status >= 300:
            raise self._away(f"erases nothing: {answer.status}")
        return True

    def _away(self, problem: str) -> PointsAway:
        return PointsAway(
            self.address.url,
            f"the points store {problem}",
            "check the service, its bucket and its token; rows are safe",
        )


def query(address: InfluxAddress, influxql: str, database: str = "") -> list[dict[str, Any]]:
    """Ask in InfluxQL over /query, which InfluxDB 1, 2 and 3 all speak. One dict per row, tags of its series included.

    Args:
        address: of the store.
        influxql: the question.
        database: "" is that of `address.bucket`, with its retention policy.

    Raises:
        PointsAway: the store does not answer, or not the question.
    """
    name, _, policy = (database or address.bucket).partition("/")
    asked = {"db": name, "q": influxql, "epoch": "ns"} | ({"rp": policy} if policy else {})
    headers = {"Authorization": f"Token {address.token}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = urllib3.request(
            "POST",
            f"{address.url}/query",
            body=urlencode(asked).encode(),
            headers=headers,
            timeout=TIMEOUT_MS / 1000,
            retries=False,
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


def _in_influxql(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _rfc3339(utc_ns: int) -> str:
    whole, rest_ns = divmod(utc_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09d}Z"


def _short(said: str) -> str:
    """In one line."""
    return " ".join(said.split())[:500]


def _reason(error: ApiException) -> str:
    """What the store said."""
    body = error.body or error.reason or ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        told = json.loads(text)
    except ValueError:
        told = {}
    if isinstance(told, dict):
        text = str(told.get("error") or told.get("message") or text)
    return text[:_SAID]
