"""Three real levels of rows, wired by hand: what waits on a hop is stored at the next one, until it is quiet."""

import time
from pathlib import Path

from gateway_parts import placement

from gateway import topics
from gateway.arrivals import Good, judge_down, judge_up
from gateway.keeping.asking import Place
from gateway.link import BrokerAddress
from gateway.messages import encode
from gateway.routing import UP, Routing
from gateway.rows import Rows

DISTRICT, TOWN, ROOM, NEIGHBOUR = "huadu", "huadu.xinhua", "huadu.xinhua.0007", "huadu.xinhua.0008"
UPPER = {DISTRICT: "", TOWN: DISTRICT, ROOM: TOWN, NEIGHBOUR: TOWN}


class Levels:
    """Stores of a district, a town and two rooms. `away` are sites that cannot be reached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.away: set[str] = set()
        self.rows = {site: self.open(site) for site in UPPER}
        for site, upper in UPPER.items():
            if upper:
                self.rows[upper].hear([site], time.time_ns())

    def open(self, site: str) -> Rows:
        data = self.folder / site
        return Rows.for_writing(data, placement(data, site, UPPER[site], f"boot-{site}"))

    def place(self, site: str) -> Place:
        return Place(site, self.folder / site, BrokerAddress("127.0.0.1", 1, ""), routing=Routing(site, UPPER[site]))

    def close(self) -> None:
        for rows in self.rows.values():
            rows.close()

    def carry(self) -> int:
        """Carry everything that waits, with receipts, until nothing moves. Returns how many records moved."""
        moved = 0
        while step := sum(self._carry(site) for site in self.rows):
            moved += step
        return moved

    def _carry(self, site: str) -> int:
        rows, moved = self.rows[site], 0
        for hop in [UP, *rows.hops_below()]:
            to = UPPER[site] if hop == UP else next(s for s in UPPER if UPPER[s] == site and _leads(s, hop))
            if not to or {site, to} & self.away:
                continue
            box = rows.box(hop, time.time_ns)
            for envelope in box.take(box.pending(100_000)):
                if hop == UP:
                    arrival = judge_up(topics.up(site, envelope.lane, topics.RELAY), encode(envelope))
                else:
                    arrival = judge_down(topics.down(to, envelope.lane, topics.RELAY), encode(envelope), site)
                assert isinstance(arrival, Good), arrival
                self.rows[to].store([arrival], time.time_ns())
                box.receipted([envelope.record.id], to)
                moved += 1
        return moved


def _leads(site: str, hop: str) -> bool:
    return hop == site or hop.startswith(site + ".")
