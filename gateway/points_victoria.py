"""Fleet metrics in VictoriaMetrics: how devices and sites are, never a session; beside another store, or alone.

It answers 204 to everything (facts 0.4): no column of text, nothing outside its retention or two days ahead is sent,
and what it would swallow is refused here. It forgets its last seconds when it is killed (facts 0.3): see `settling.py`.
Run it with `-dedup.minScrapeInterval=1ms`, or writing again counts twice (facts 0.6). Metric = measurement_field.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import urllib3

from gateway.errors import PointsAway
from gateway.messages import DeviceMinutes
from gateway.point_lines import lines_of_all
from gateway.points import FLEET_MEASUREMENTS, Drawing, Point, Refused, Span, Tier, line_of
from gateway.settling import Settling

AHEAD_NS = 2 * 86_400 * 1_000_000_000
TIMEOUT_S = 10.0
_DAY_NS = 86_400 * 1_000_000_000
_START = re.compile(rb"^vm_app_start_timestamp (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class VictoriaAddress:
    """Where it listens, and how many days it keeps (its -retentionPeriod)."""

    url: str
    days: int = 3650


class VictoriaPoints:
    """A `PointStore` that takes fleet metrics and passes over the rest.

    Args:
        address: of the server.
        now_ns: UTC, ns; what is too old or too far ahead is refused by it.
        now_s: monotonic, for `settling`.
    """

    def __init__(
        self,
        address: VictoriaAddress,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address, self._now_ns = address, now_ns
        self._http = urllib3.PoolManager(maxsize=2, retries=False, timeout=TIMEOUT_S)
        self._settling = Settling(self.start, now_s)

    @property
    def settling(self) -> Settling:
        return self._settling

    def write(self, points: Sequence[Point], drawings: Sequence[Drawing] = ()) -> list[Refused]:
        """See `PointStore.write`. Session points are not sent and not refused: they are not meant to be here."""
        lines = lines_of_all([each for each in drawings if isinstance(each.body, DeviceMinutes)])
        lines += [line_of(point) for point in points if point.measurement in FLEET_MEASUREMENTS]
        good, refused = self._judge(lines)
        if good:
            answer = self._ask("POST", "/write?precision=ns", "\n".join(good).encode())
            if answer.status >= 300:
                raise self._away(f"answers {answer.status}")
        return refused

    def erase(self, span: Span) -> None:
        """Nothing: it holds no session."""

    def prune(self, tier: Tier, before_ns: int) -> int:
        """Nothing: it has its -retentionPeriod."""
        del tier, before_ns
        return 0

    def close(self) -> None:
        self._http.clear()

    def start(self) -> str:
        """When the server was started, as it says; "" when it does not answer."""
        try:
            found = _START.search(self._ask("GET", "/metrics").data)
        except PointsAway:
            return ""
        return found[1].decode() if found else ""

    def _judge(self, lines: list[str]) -> tuple[list[str], list[Refused]]:
        """What it will store, and what it would swallow without a word."""
        now_ns = self._now_ns()
        oldest_ns, newest_ns = now_ns - self._address.days * _DAY_NS, now_ns + AHEAD_NS
        good: list[str] = []
        refused: list[Refused] = []
        for line in lines:
            time_ns = int(line.rpartition(" ")[2])
            if oldest_ns < time_ns < newest_ns and '"' not in line.rpartition(" ")[0].rpartition(" ")[2]:
                good.append(line)
            elif time_ns <= oldest_ns:
                refused.append(Refused(line, f"its time is more than {self._address.days} days ago"))
            elif time_ns >= newest_ns:
                refused.append(Refused(line, "its time is more than two days ahead"))
            else:
                refused.append(Refused(line, "it has a text in it, and only numbers are stored"))
        return good, refused

    def _ask(self, method: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(method, self._address.url + path, body=body)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(f"does not answer ({error})") from error

    def _away(self, problem: str) -> PointsAway:
        return PointsAway(
            self._address.url, f"the store of fleet metrics {problem}", "check the service; rows are safe"
        )
