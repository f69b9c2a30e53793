"""Where messages travel: the one place that spells MQTT topics (`xinyi/1/<site>/up|down|live|state/…`, DESIGN).

The site is one segment, so that a broker ACL binds a certificate to its own site and nothing else. On a hop between
two sites it is always the lower one: it writes its `up`, `live` and `state` and reads its `down`; the upper one the
other way round.

| topic | what | QoS |
| --- | --- | --- |
| up/<lane>/<producer> | `Envelope` of a record that goes up | 1 |
| up/receipt/<producer> | `Receipt` for what came down | 1 |
| up/hello/<producer> | somebody has come and wants what waits; `STILL`: it is still there | 1 |
| down/<lane>/<producer> | `Envelope` of a record for this site or below; `producer` is the reader | 1 |
| down/receipt/<producer> | `Receipt` for what went up | 1 |
| down/request/<producer> | `Request` (`gateway.remote`); moves nothing | 1 |
| up/answer/<producer> | its `Answer` | 1 |
| up/renew/<producer> | asks for a new certificate (`gateway.trust`) | 1 |
| live/<what> | `LiveGlance`, for the viewer that holds a lease | 0 |
| state/<process> | retained "online" or "offline", for viewers only | 1 |
| state/<process>/health | heartbeat (`gateway.fleet.health`), not retained | 1 |
| state/<process>/birth | who is there (`gateway.fleet.health`), retained | 1 |
"""

from functools import lru_cache
from typing import NamedTuple

from gateway.messages import CONTRACT, Lane

_ROOT = f"xinyi/{CONTRACT}"
SITE_PATTERN = r"^[a-z0-9-]+(\.[a-z0-9-]+){0,4}$"
"""A site's path: what begins with an id and a dot is below it."""
CENTRE = "centre"
RELAY = "relay"
KIOSKS = tuple(f"kiosk-{number}" for number in range(1, 9))
"""Kiosks of one site, by the names under which they send."""
ONLINE, OFFLINE = b"online", b"offline"
STILL = b"still"
"""A hello of somebody who was there all the time."""
RECEIPT, HELLO, RENEW, ANSWER = "receipt", "hello", "renew", "answer"
REQUEST = "request"
"""Lane of `gateway.remote`, downwards."""
OTHERS = (RECEIPT, HELLO, RENEW, ANSWER)
"""What stands in the place of the lane in messages that are no records."""


class Travel(NamedTuple):
    """What the topic of an `up` or `down` message says: whose hop it is, its lane (or "receipt", "hello" …), and who
    writes (up) or reads (down) it.
    """

    site: str
    lane: str
    producer: str


def up(site: str, lane: Lane | str, producer: str) -> str:
    return f"{_ROOT}/{site}/up/{lane}/{producer}"


def all_up(lane: Lane | str = "+") -> str:
    """Filter for everything of a lane that anybody sends up at a broker."""
    return f"{_ROOT}/+/up/{lane}/+"


def shared(filter_: str, group: str = CENTRE) -> str:
    """The same filter, dealt out among the members of a group."""
    return f"$share/{group}/{filter_}"


@lru_cache(4096)
def parse_up(topic: str) -> Travel:
    """The parts of an `up` topic.

    Raises:
        ValueError: it is not one.
    """
    return _parse(topic, "up")


def down(site: str, lane: Lane | str, producer: str) -> str:
    return f"{_ROOT}/{site}/down/{lane}/{producer}"


def all_down(site: str, producer: str) -> str:
    """Filter for everything that comes down to a reader."""
    return f"{_ROOT}/{site}/down/+/{producer}"


@lru_cache(4096)
def parse_down(topic: str) -> Travel:
    """The parts of a `down` topic.

    Raises:
        ValueError: it is not one.
    """
    return _parse(topic, "down")


def receipt(site: str, producer: str) -> str:
    return down(site, RECEIPT, producer)


def state(site: str, process: str) -> str:
    """Retained "online" or "offline", for viewers only."""
    return f"{_ROOT}/{site}/state/{process}"


def birth(site: str, process: str) -> str:
    return f"{_ROOT}/{site}/state/{process}/birth"


def health(site: str, process: str) -> str:
    return f"{_ROOT}/{site}/state/{process}/health"


def live(site: str, what: str) -> str:
    """Live values for viewers, QoS 0."""
    return f"{_ROOT}/{site}/live/{what}"


def _parse(topic: str, direction: str) -> Travel:
    match topic.split("/"):
        case ["xinyi", version, site, way, lane, producer] if version == str(CONTRACT) and way == direction:
            return Travel(site, lane, producer)
    raise ValueError(f"{topic!r} is not a topic of records that go {direction}")
