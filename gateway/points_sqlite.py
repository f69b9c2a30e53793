"""The embedded points store: one SQLite table beside the rows, so that a room has plots without a time-series server.

The key is (measurement, tags, time): writing again replaces fields and keeps others, as InfluxDB does. What it does not
do by itself is forget: the centre calls `prune` once a day.
"""

import itertools
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gateway.disk import OneWriter, make_folder, sync_folder
from gateway.errors import PointsAway
from gateway.points import Drawing, Point, Refused, Span, Tier, Value, line_of, points_of, tier_of

POINTS_FILE = "points.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS points (measurement TEXT, tags TEXT, time_ns INTEGER, fields TEXT NOT NULL,
    PRIMARY KEY (measurement, tags, time_ns)) WITHOUT ROWID;
"""
_WRITE = """
INSERT INTO points VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET fields = json_patch(fields, excluded.fields)
"""
_ERASE = "DELETE FROM points WHERE measurement=? AND tags=? AND time_ns>=? AND time_ns<?"
_NEXT_MEASUREMENT = "SELECT measurement FROM points WHERE measurement>? ORDER BY measurement LIMIT 1"
_NEXT_SERIES = "SELECT tags FROM points WHERE measurement=? AND tags>? ORDER BY tags LIMIT 1"


class SqlitePoints:
    """A `PointStore` in one file.

    Raises:
        StoreBusy: another process writes to it.
        PointsAway: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self._path = path
        self._writer = OneWriter(path)
        self._turn = threading.Lock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            path.chmod(0o600)
            sync_folder(path.parent)
        except (sqlite3.Error, OSError) as error:
            self._writer.close()
            raise PointsAway(
                path, f"cannot be opened ({error})", "move the file aside and rebuild the points"
            ) from error

    @property
    def settling(self) -> None:
        """What it has taken is on the disk."""
        return None

    def write(self, points: Sequence[Point], drawings: Sequence[Drawing] = ()) -> list[Refused]:
        """See `PointStore.write`."""
        refused: list[Refused] = []
        rows: list[tuple[str, str, int, str]] = []
        drawn = (point for site, opened, body in drawings for point in points_of(site, opened, body))
        for point in itertools.chain(drawn, points):
            if not -(1 << 63) <= point.time_ns < 1 << 63:
                refused.append(Refused(line_of(point), "its time is out of range"))
                continue
            rows.append((point.measurement, _json(point.tags), point.time_ns, _json(point.fields)))
        self._change(lambda: self._db.executemany(_WRITE, rows).rowcount)
        return refused

    def erase(self, span: Span) -> None:
        """See `PointStore.erase`."""

        def change() -> int:
            gone = 0
            for measurement in span.measurements:
                for tags in self._series(measurement):
                    told = json.loads(tags)
                    if (told.get("site", ""), told.get("device", "")) == (span.site, span.device):
                        place = (measurement, tags, span.from_ns, span.to_ns)
                        gone += self._db.execute(_ERASE, place).rowcount
            return gone

        self._change(change)

    def prune(self, tier: Tier, before_ns: int) -> int:
        """See `PointStore.prune`."""

        def change() -> int:
            names = [each for each in self._each(_NEXT_MEASUREMENT) if tier_of(each) is tier]
            places = [(each, tags) for each in names for tags in self._series(each)]
            return sum(self._db.execute(_ERASE, (*place, -(1 << 63), before_ns)).rowcount for place in places)

        return self._change(change)

    def _series(self, measurement: str) -> Iterator[str]:
        """The tags of a measurement, each once, without reading every point."""
        return self._each(_NEXT_SERIES, measurement)

    def _each(self, following: str, *within: str) -> Iterator[str]:
        found = self._db.execute(following, (*within, "")).fetchone()
        while found:
            yield found[0]
            found = self._db.execute(following, (*within, found[0])).fetchone()

    def _change(self, change: Callable[[], int]) -> int:
        with self._turn:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                done = change()
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise PointsAway(self._path, f"cannot be written ({error})", "free disk space") from error
        return done

    def close(self) -> None:
        with self._turn:
            self._db.close()
            self._writer.close()


def read_points(path: Path, measurement: str, from_ns: int, to_ns: int) -> list[Point]:
    """Points of one measurement with from_ns <= time < to_ns, by time. Works beside a running centre.

    Raises:
        PointsAway: the file cannot be read.
    """
    try:
        with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True) as db:
            found = db.execute(
                "SELECT tags, time_ns, fields FROM points WHERE measurement=? AND time_ns>=? AND time_ns<? "
                "ORDER BY time_ns, tags",
                (measurement, from_ns, to_ns),
            ).fetchall()
    except sqlite3.Error as error:
        raise PointsAway(path, f"cannot be read ({error})", "check the data folder, or rebuild the points") from error
    return [
        Point(measurement, tuple(json.loads(tags).items()), time_ns, tuple(json.loads(fields).items()))
        for tags, time_ns, fields in found
    ]


def _json(pairs: Sequence[tuple[str, Value]]) -> str:
    return json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":"))
