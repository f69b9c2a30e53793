"""Where messages travel: the one place that spells MQTT topics (`xinyi/1/<site>/up|down|state/…`, DESIGN).

The site is one segment, so that a broker ACL binds a certificate to its own site and nothing else.
"""

from typing import NamedTuple

from gateway.messages import Lane

_ROOT = "xinyi/1"
CENTRE = "centre"
ONLINE, OFFLINE = b"online", b"offline"


class Upward(NamedTuple):
    """What the topic of a record says about it."""

    site: str
    lane: str
    producer: str


def up(site: str, lane: Lane, producer: str) -> str:
    return f"{_ROOT}/{site}/up/{lane}/{producer}"


def all_up(site: str) -> str:
    """Filter for everything that producers of a site send up."""
    return f"{_ROOT}/{site}/up/+/+"


def parse_up(topic: str) -> Upward:
    """The parts of an `up` topic.

    Raises:
        ValueError: it is not one.
    """
    match topic.split("/"):
        case ["xinyi", "1", site, "up", lane, producer]:
            return Upward(site, lane, producer)
    raise ValueError(f"{topic!r} is not a topic of records")


def receipt(site: str, producer: str) -> str:
    return f"{_ROOT}/{site}/down/receipt/{producer}"


def state(site: str, process: str) -> str:
    """Retained "online" or "offline", for viewers only."""
    return f"{_ROOT}/{site}/state/{process}"
