"""A store for everything, and VictoriaMetrics beside it for the fleet.

The first says what is refused and when drawing has to wait. The second may be away: what it has not taken stays in
the queue and is drawn again when it answers, and the picture of sessions goes on meanwhile.
"""

import logging
from collections.abc import Sequence

from gateway.errors import PointsAway
from gateway.points import Drawing, Point, PointStore, Refused, Span, Tier
from gateway.points_victoria import VictoriaPoints
from gateway.settling import Settling

log = logging.getLogger(__name__)


class BothPoints:
    """A `PointStore` of two.

    Args:
        first: takes everything.
        fleet: takes fleet metrics.
    """

    def __init__(self, first: PointStore, fleet: VictoriaPoints) -> None:
        self._first, self._fleet = first, fleet

    @property
    def settling(self) -> Settling:
        return self._fleet.settling

    def write(self, points: Sequence[Point], drawings: Sequence[Drawing] = ()) -> list[Refused]:
        """See `PointStore.write`."""
        refused = self._first.write(points, drawings)
        try:
            refused += self._fleet.write(points, drawings)
        except PointsAway as error:
            if self._fleet.settling.full:
                raise
            log.warning("fleet metrics wait: %s", error)
            self._fleet.settling.miss()
        return refused

    def erase(self, span: Span) -> None:
        """See `PointStore.erase`."""
        self._first.erase(span)

    def prune(self, tier: Tier, before_ns: int) -> int:
        """See `PointStore.prune`."""
        return self._first.prune(tier, before_ns)

    def close(self) -> None:
        self._first.close()
        self._fleet.close()
