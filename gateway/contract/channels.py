"""The topics of the contract as a table: who writes, who reads, and which messages travel there.

Addresses come from `gateway.topics`, the one place that spells them. "lower" and "upper" are the two ends of a hop; a
site's own room, kiosk and console are the lower end towards their centre. `OTHERS` are messages that are no records:
another module's struct becomes part of the contract by one line there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from msgspec import Struct

from gateway import topics
from gateway.contract.structs import KINDS
from gateway.fleet.health import Birth, DeviceBirth, DeviceHealth, Heartbeat, Versions, announce_topic
from gateway.messages import Receipt, RecordKind
from gateway.remote import Answer, Arguments, Diagnostics, LiveGlance, Request

SITE, LANE, PRODUCER, PROCESS, WHAT = "{site}", "{lane}", "{producer}", "{process}", "{what}"
PARAMETERS = {
    "site": "the lower site of the hop, a path folded into one segment: huadu.xinhua.0007",
    "lane": "priority class",
    "producer": "process of the lower site that sends (up) or reads (down); `relay` is a centre that passes on",
    "process": "process of the site",
    "what": "what is shown",
}

OTHERS: dict[str, Struct] = {
    "receipt": Receipt(
        "huadu.xinhua",
        [UUID("0197c3b1-8c00-7000-8000-000000000001"), UUID("0197c3b1-8c00-7000-8000-000000000002")],
    ),
    "birth": Birth(
        site="huadu.xinhua.0007",
        process="room",
        boot="0197c3b1-8c00-7000-8000-000000000003",
        started_utc_ns=1_764_400_000_000_000_000,
        reset_reason="power",
        versions=Versions("0.1.0", "3.11.2", "6.1.0"),
        devices=[DeviceBirth("chair-1", "chair-link", "RX-3", "0042", "1.4", "1 号椅")],
    ),
    "health": Heartbeat(
        site="huadu.xinhua.0007",
        process="room",
        boot="0197c3b1-8c00-7000-8000-000000000003",
        number=7,
        sent_utc_ns=1_764_400_420_000_000_000,
        uptime_s=420.0,
        uplink="up",
        devices=[DeviceHealth("chair-1", "connected", frames=42_000, silent_s=0.1)],
    ),
    "request": Request(
        id="0197c3b1-8c00-7000-8000-000000000004",
        kind="diagnostics",
        actor="technician:li",
        made_utc_ns=1_764_400_430_000_000_000,
        expires_utc_ns=1_764_400_440_000_000_000,
        arguments=Arguments(),
    ),
    "answer": Answer(
        id="0197c3b1-8c00-7000-8000-000000000004",
        ok=True,
        diagnostics=Diagnostics(
            site="huadu.xinhua.0007",
            boot="0197c3b1-8c00-7000-8000-000000000003",
            started_utc_ns=1_764_400_000_000_000_000,
            now_utc_ns=1_764_400_430_100_000_000,
            versions=Versions("0.1.0", "3.11.2", "6.1.0"),
            uplink="up",
            journal="open",
            outbox_records=3,
            outbox_bytes=2048,
            who=[DeviceBirth("chair-1", "chair-link", "RX-3", "0042", "1.4", "1 号椅")],
            devices=[DeviceHealth("chair-1", "connected", frames=42_000, silent_s=0.1)],
            lines=["2025-11-29T07:00:20Z WARNING gateway.uplink uplink: LinkLost"],
        ),
    ),
    "live": LiveGlance(
        site="huadu.xinhua.0007",
        number=12,
        sent_utc_ns=1_764_400_430_000_000_000,
        heart_rate_bpm=71.5,
        quality_percent=93.0,
        reason="",
        chair="still",
        session="running",
    ),
}
"""Message → an example of its struct."""

BARE: dict[str, tuple[str, str]] = {
    "hello": ("text/plain", "Empty: somebody has come and wants what waits for them. `still`: they are still there."),
    "renew": ("application/octet-stream", "A certificate signing request; the form is that of `gateway.trust`."),
    "state": ("text/plain", "`online` or `offline`, for viewers only; nothing may rest on it."),
    "announce": ("application/octet-stream", "Empty: say your birth again."),
    "certificate": ("application/octet-stream", "The answer to `renew`; the form is that of `gateway.trust`."),
}
"""Message without a struct → content type, and what it is."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of topic.

    Attributes:
        upwards: the lower end writes it, the upper end reads it; else the other way round.
        messages: names of what travels there: record kinds, keys of `OTHERS` or of `BARE`.
    """

    address: str
    about: str
    upwards: bool
    messages: tuple[str, ...]
    qos: int = 1
    retained: bool = False


_UP = tuple(str(kind) for kind in RecordKind)
_DOWN = tuple(str(kind) for kind in RecordKind if KINDS[kind].down)

CHANNELS: dict[str, Channel] = {
    "up": Channel(topics.up(SITE, LANE, PRODUCER), "Records that go up, each in its envelope.", True, _UP),
    "upReceipt": Channel(topics.up(SITE, topics.RECEIPT, PRODUCER), "Receipts for what came down.", True, ("receipt",)),
    "hello": Channel(topics.up(SITE, topics.HELLO, PRODUCER), "Somebody has connected.", True, ("hello",)),
    "renew": Channel(topics.up(SITE, topics.RENEW, PRODUCER), "Asks for a new certificate.", True, ("renew",)),
    "answer": Channel(topics.up(SITE, topics.ANSWER, PRODUCER), "Answers to requests.", True, ("answer",)),
    "down": Channel(
        topics.down(SITE, LANE, PRODUCER), "Records for this site or one below, each in its envelope.", False, _DOWN
    ),
    "downReceipt": Channel(topics.receipt(SITE, PRODUCER), "Receipts for what went up.", False, ("receipt",)),
    "request": Channel(topics.down(SITE, topics.REQUEST, PRODUCER), "Requests to a process.", False, ("request",)),
    "announce": Channel(
        announce_topic(SITE, PROCESS),
        "Asks a process to say who it is, at most once in ten seconds.",
        False,
        ("announce",),
    ),
    "certificate": Channel(
        topics.down(SITE, "certificate", PRODUCER), "Certificates that were asked for.", False, ("certificate",)
    ),
    "live": Channel(topics.live(SITE, WHAT), "Live values, for viewers.", True, ("live",), qos=0),
    "state": Channel(topics.state(SITE, PROCESS), "Whether a process is there.", True, ("state",), retained=True),
    "health": Channel(topics.health(SITE, PROCESS), "Heartbeats.", True, ("health",)),
    "birth": Channel(topics.birth(SITE, PROCESS), "Who is there.", True, ("birth",), retained=True),
}


def bare(others: Mapping[str, Struct]) -> dict[str, tuple[str, str]]:
    """The messages that have no struct, when these have one."""
    return {name: facts for name, facts in BARE.items() if name not in others}
