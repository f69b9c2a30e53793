"""Remote requests over a real mosquitto to a real room: answered once, in time, to who may ask; nothing moves."""

import asyncio
import contextlib
import itertools
import logging
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from gateway_parts import SITE, Broker, placement, running, until
from room_parts import HandClock, TestRoom

from devices.clock import Clock
from gateway import topics
from gateway.centre import Centre, CentreOptions, Upper
from gateway.fleet.machine import Machine
from gateway.fleet.pulse import Pulse, Vitals
from gateway.forwarding import Forwarder
from gateway.keeping.audit import entries, swallow
from gateway.link import Link, Message
from gateway.messages import encode
from gateway.remote import ROLES, Answer, Arguments, Kind, LiveGlance, Request
from gateway.remote_client import RemoteRoom
from gateway.room.lines import Lines
from gateway.room.readings import diagnostics_of, glance_of
from gateway.room.remote import Readings, RemoteDesk
from gateway.room.witness import Witness
from gateway.rows import Rows
from gateway.uplink import Uplink

S = 1_000_000_000
ASKED = topics.down(SITE, "request", "room")
_numbers = itertools.count(1)


@dataclass
class Served:
    """A room that can be asked from afar. `ahead_ns` moves the wall clock of its desk."""

    room: TestRoom
    broker: Broker
    desk: RemoteDesk
    ahead_ns: int = 0
    lines: Lines = field(default_factory=Lines)


@contextlib.asynccontextmanager
async def served(room: TestRoom, broker: Broker) -> AsyncIterator[Served]:
    """What the service does, without wires to a chair."""
    room.room.config = msgspec.structs.replace(
        room.room.config, site=msgspec.structs.replace(room.room.config.site, id=SITE)
    )
    pulse = Pulse(SITE, "room", Vitals(Machine(room.folder)), Clock(), devices=room.room.views, uplink=lambda: "up")
    here = Served(room, broker, None)  # type: ignore[arg-type]  # in a moment
    readings = Readings(
        room.room.views,
        lambda: diagnostics_of(room.room, pulse.birth(), pulse.heartbeat(), here.lines.last),
        lambda: glance_of(room.room),
        pulse.beacon.announce,
    )
    witness = Witness(room.folder, room.keyring, str)
    here.desk = RemoteDesk(SITE, readings, witness.write, utc_ns=lambda: time.time_ns() + here.ahead_ns)
    uplink = Uplink(
        room.outbox,
        broker.address,
        beside=(pulse.beacon.beside, here.desk.beside),
        on_message=lambda _, message: pulse.beacon.take(message) or here.desk.take(message),
    )
    with here.lines:
        async with running(uplink.run()), running(here.desk.run()):
            await until(lambda: here.desk._link is not None, "the room hears requests")
            yield here


@pytest.fixture
async def room(tmp_path: Path):
    room = TestRoom(tmp_path / "room", HandClock())
    room.connect()
    async with room.chair:
        yield room
    room.die()


@pytest.fixture
async def here(room: TestRoom, broker: Broker) -> AsyncIterator[Served]:
    async with served(room, broker) as found:
        yield found


@dataclass
class Asker:
    """Somebody with the rights of a user of the broker, who sends what they like."""

    link: Link
    got: list[Message]

    def send(self, request: Request | bytes, topic: str = ASKED, *, retain: bool = False) -> None:
        self.link.publish(topic, request if isinstance(request, bytes) else encode(request), retain=retain)

    def answers(self) -> list[Answer]:
        wanted = topics.up(SITE, "answer", "room")
        return [msgspec.msgpack.decode(m.payload, type=Answer) for m in self.got if m.topic == wanted]

    def glances(self, viewer: str) -> list[LiveGlance]:
        wanted = topics.live(SITE, viewer)
        return [msgspec.msgpack.decode(m.payload, type=LiveGlance) for m in self.got if m.topic == wanted]

    async def answer(self, count: int = 1) -> Answer:
        await until(lambda: len(self.answers()) >= count, f"answer {count}")
        return self.answers()[count - 1]

    async def codes(self, *requests: Request | bytes) -> list[str]:
        """Codes of the answers, in the order in which they were asked."""
        before = len(self.answers())
        for request in requests:
            self.send(request)
        await self.answer(before + len(requests))
        return [answer.code for answer in self.answers()[before:]]


@contextlib.asynccontextmanager
async def asker(broker: Broker, user: str = "console") -> AsyncIterator[Asker]:
    got: list[Message] = []
    link = Link(broker.address, f"a-{user}", username=user, on_message=got.append, window=50, session_expiry_s=0)
    async with link:
        await link.subscribe(topics.up(SITE, "answer", "room"), f"xinyi/1/{SITE}/live/#")
        yield Asker(link, got)


def request(kind: str = "diagnostics", actor: str = "technician:li", *, made_s: float = 0.0, **arguments) -> Request:
    made = time.time_ns() + round(made_s * S)
    return Request(f"r-{next(_numbers)}", kind, actor, made, made + 10 * S, Arguments(**arguments))


async def test_diagnostics_answer_with_how_the_room_is_and_nothing_about_people(here: Served) -> None:
    logging.getLogger("gateway.room").warning("%s said %s after %.1f s", "Wang Fang", "never again", 2.5)
    logging.getLogger("elsewhere").warning("Wang Fang")
    async with RemoteRoom(here.broker.address, SITE, "technician:li") as remote:
        answer = await remote.ask("diagnostics")
    assert answer.ok
    report = answer.diagnostics
    assert report
    assert (report.site, report.journal, report.versions.xinyi) == (SITE, "none", "0.1.0")
    assert [device.id for device in report.devices] == ["chair-1"]
    assert report.lines[-1].endswith("WARNING gateway.room - said - after 2.5 s")
    assert "Wang" not in str(answer)


async def test_a_request_that_is_late_is_refused(here: Served) -> None:
    async with asker(here.broker) as face:
        assert await face.codes(request()) == [""]
        late = request()
        here.ahead_ns = 11 * S
        assert await face.codes(late) == ["late"]


async def test_no_request_lives_longer_than_a_minute_whatever_it_says(here: Served) -> None:
    here.ahead_ns = 61 * S
    made = time.time_ns()
    async with asker(here.broker) as face:
        assert await face.codes(Request("long", "diagnostics", "technician", made, made + 10_000 * S)) == ["late"]


async def test_the_same_bytes_again_are_refused(here: Served) -> None:
    played = encode(request())
    async with asker(here.broker) as face:
        assert await face.codes(played, played, played) == ["", "repeated", "repeated"]
        here.ahead_ns = 3600 * S
        assert await face.codes(played) == ["late"]


async def test_a_request_from_before_the_start_of_the_room_is_refused(room: TestRoom, broker: Broker) -> None:
    early = request()
    async with served(room, broker), asker(broker) as face:
        assert await face.codes(early) == ["before_start"]


async def test_a_request_from_the_future_is_refused(here: Served) -> None:
    async with asker(here.broker) as face:
        assert await face.codes(request(made_s=40)) == ["from_the_future"]


async def test_a_request_that_the_broker_keeps_is_refused(room: TestRoom, broker: Broker) -> None:
    async with asker(broker) as face:
        async with served(room, broker):
            face.send(request(), retain=True)
            assert (await face.answer()).ok  # to who is there already it comes as any other
        again = request()
        face.send(again, retain=True)
        async with served(room, broker):
            await until(lambda: any(a.id == again.id for a in face.answers()), "it is judged")
    assert {answer.code for answer in face.answers() if answer.id == again.id} <= {"retained", "before_start"}


@pytest.mark.parametrize("actor", ["kiosk", "console", "demo", "room", "technician2", "Technician", ":technician"])
async def test_who_is_not_in_the_table_may_not_ask(here: Served, actor: str) -> None:
    async with asker(here.broker) as face:
        assert await face.codes(*[request(kind, actor) for kind in Kind]) == ["not_allowed"] * len(Kind)
        assert await face.codes(request("self_test", "counsellor:wang")) == ["not_allowed"]


@pytest.mark.parametrize("user", ["kiosk-1", "cli", "relay", "room"])
async def test_the_broker_lets_nobody_but_centre_and_console_ask(here: Served, user: str) -> None:
    async with asker(here.broker, user) as stranger, asker(here.broker) as face:
        stranger.send(request())
        stranger.send(request(), topics.down(SITE, "request", "relay"))
        await stranger.link.subscribe(topics.state(SITE, "room"))  # the broker has read all that came before
        mine = request()
        assert await face.codes(mine) == [""]
        assert [answer.id for answer in face.answers()] == [mine.id]
        if user != "room":
            assert stranger.answers() == []


@pytest.mark.parametrize("kind", ["move", "start", "chair", "arm", "release", "Live", "live ", "stop"])
async def test_unknown_kinds_are_refused(here: Served, kind: str) -> None:
    async with asker(here.broker) as face:
        assert await face.codes(request(kind)) == ["unknown_kind"]


@pytest.mark.parametrize("junk", [b"", b"\xc1", b"x" * 5000, encode(Arguments()), encode(request())[:-3]])
async def test_what_is_no_request_is_written_down_and_hurts_nobody(here: Served, junk: bytes) -> None:
    async with asker(here.broker) as face:
        face.send(junk)
        assert await face.codes(request()) == [""]
    assert "remote.unreadable" in {entry.action for entry in audited(here)}


async def test_a_flood_is_dropped_and_the_room_answers_again_afterwards(here: Served) -> None:
    async with RemoteRoom(here.broker.address, SITE, "technician") as remote, asker(here.broker) as face:
        for _ in range(300):
            face.send(request())
        await until(lambda: here.desk.dropped > 0, "some were too many")
        await until(here.desk._inbox.empty, "the rest is done")
        assert (await remote.ask("announce")).ok


async def test_every_request_is_in_the_audit_accepted_or_refused(here: Served) -> None:
    asked = [request(), request("move"), request("diagnostics", "kiosk"), request(made_s=-20)]
    async with asker(here.broker) as face:
        await face.codes(*asked)
    told = [(entry.actor, entry.action, entry.what, entry.detail.partition(" {")[0]) for entry in audited(here)]
    assert told == [
        ("technician:li", "remote.diagnostics", asked[0].id, "done"),
        ("technician:li", "remote.move", asked[1].id, "refused: unknown_kind"),
        ("kiosk", "remote.diagnostics", asked[2].id, "refused: not_allowed"),
        ("technician:li", "remote.diagnostics", asked[3].id, "refused: late"),
    ]


def audited(here: Served):
    with Rows.for_writing(here.room.folder, placement(here.room.folder)) as rows:
        swallow(rows)
        return sorted(entries(rows), key=lambda entry: entry.at_utc_ns)


async def test_a_self_test_looks_and_sends_nothing(here: Served) -> None:
    before = list(here.room.wires.asked)
    async with RemoteRoom(here.broker.address, SITE, "technician") as remote:
        answer = await remote.ask("self_test", Arguments(device="chair-1"))
        assert {check.name: check.ok for check in answer.checks}["here"]
        assert (await remote.ask("self_test", Arguments(device="chair-9"))).code == "no_device"
    assert here.room.wires.asked == before


async def test_no_request_whatever_it_says_sends_the_chair_anything(here: Served) -> None:
    await here.room.start()
    await here.room.pass_time(2)
    await here.room.chair.settle(5)
    before = list(here.room.wires.asked)
    kinds = [*Kind, "start", "resume", "arm", "chair", "release", "move", "stop", "end"]
    wild = [
        request(kind, f"{role}:x", device="chair-1", viewer="v", per_s=2.0, seconds=60.0)
        for kind in kinds
        for role in [*ROLES, "console", "kiosk"]
    ]
    async with asker(here.broker) as face:
        for few in (wild[first : first + 16] for first in range(0, len(wild), 16)):
            await face.codes(*few)
        await until(lambda: len(face.glances("v")) >= 2, "glances flow meanwhile")
    assert here.room.wires.asked == before
    assert here.room.state == ("running", "")


# --- live


async def test_glances_come_while_the_lease_runs_and_then_no_more(here: Served) -> None:
    async with asker(here.broker) as face:
        assert await face.codes(request("live", viewer="v-1", per_s=2.0, seconds=1.2)) == [""]
        (viewer,) = here.desk._leases._viewers.values()
        await until(lambda: viewer.next_s <= asyncio.get_running_loop().time(), "one more would have been due", 10)
        assert viewer.until_s < viewer.next_s
        assert await face.codes(request()) == [""]  # whatever was sent before has arrived by now
        shown = face.glances("v-1")
        assert [glance.number for glance in shown] == list(range(1, len(shown) + 1))
        assert 1 <= len(shown) <= 3
        assert here.desk._leases.next_s == math.inf
        assert (shown[0].chair, shown[0].session, shown[0].site) == ("still", "none", SITE)


async def test_only_counsellors_see_the_heart_rate_from_afar(here: Served) -> None:
    seen = msgspec.structs.replace(glance_of(here.room.room), heart_rate_bpm=71.0)
    here.desk.readings = Readings(list, here.desk.readings.diagnostics, lambda: seen, lambda: None)
    async with asker(here.broker) as face:
        await face.codes(
            request("live", "technician", viewer="t", seconds=5.0),
            request("live", "counsellor", viewer="c", seconds=5.0),
        )
        await until(lambda: face.glances("t") and face.glances("c"), "both see something")
        assert face.glances("t")[0].heart_rate_bpm is None
        assert face.glances("c")[0].heart_rate_bpm == 71.0


async def test_each_of_several_viewers_has_its_own_rate_and_a_fifth_is_refused(here: Served) -> None:
    async with asker(here.broker) as face:
        rates = {"a": 2.0, "b": 1.0, "c": 0.5, "d": 0.2}
        began = time.monotonic()
        codes = await face.codes(
            *[request("live", viewer=name, per_s=rate, seconds=30.0) for name, rate in rates.items()]
        )
        assert codes == [""] * 4
        assert await face.codes(request("live", viewer="e", seconds=30.0)) == ["too_many_viewers"]
        await until(lambda: len(face.glances("a")) >= 7, "three seconds of glances")
        passed = time.monotonic() - began
        for name, rate in rates.items():
            assert 1 <= len(face.glances(name)) <= passed * rate + 1, name
        times = [glance.sent_utc_ns for glance in face.glances("a")]
        assert min(b - a for a, b in itertools.pairwise(times)) > 0.4 * S


@pytest.mark.parametrize(
    "arguments",
    [
        {"viewer": "../up/normal/room"},
        {"viewer": "+"},
        {"viewer": "#"},
        {"viewer": ""},
        {"viewer": "v", "per_s": 2.1},
        {"viewer": "v", "per_s": 0.0},
        {"viewer": "v", "per_s": float("nan")},
        {"viewer": "v", "seconds": 61.0},
        {"viewer": "v", "seconds": -1.0},
        {"viewer": "v\n"},
    ],
)
async def test_an_absurd_lease_is_refused(here: Served, arguments: dict[str, object]) -> None:
    async with asker(here.broker) as face:
        assert await face.codes(request("live", **arguments)) == ["out_of_range"]


async def test_glances_are_dropped_and_never_queued_while_the_socket_is_full(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asker(here.broker) as face:
        link = here.desk._link
        assert link
        full = True
        monkeypatch.setattr(link._client, "want_write", lambda: full)
        for number in range(5):
            link.publish(
                topics.live(SITE, "v"), encode(LiveGlance(SITE, number, 0, None, 0.0, "", "none", "none")), qos=0
            )
        full = False
        link.publish(topics.live(SITE, "v"), encode(LiveGlance(SITE, 9, 0, None, 0.0, "", "none", "none")), qos=0)
        await until(lambda: face.glances("v"), "the last one")
    assert [glance.number for glance in face.glances("v")] == [9]


async def test_the_client_renews_its_lease_and_gives_it_back(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.remote_client.LONGEST_LEASE_S", 2.0)
    async with RemoteRoom(here.broker.address, SITE, "counsellor:wang") as remote:
        async with contextlib.aclosing(remote.glances(2.0)) as glances:
            numbers = [(await anext(glances)).number for _ in range(5)]
        assert numbers == sorted(set(numbers))
        (viewer,) = here.desk._leases._viewers.values()
        await until(lambda: viewer.until_s <= asyncio.get_running_loop().time(), "given back")


# --- from the level above


async def test_a_request_from_above_is_passed_on_and_its_answer_and_glances_come_back(
    here: Served, tmp_path: Path
) -> None:
    above = Broker(tmp_path / "above")
    try:
        await above.start()
        forwarder = Forwarder(SITE, here.broker.address)
        options = CentreOptions(
            upper=Upper("huadu.xinhua", above.address),
            beside_relay=(forwarder.beside,),
            others_relay={topics.REQUEST: forwarder.take},
        )
        centre = Centre(SITE, here.broker.address, tmp_path / "centre", options=options)
        async with running(centre.run(asyncio.Event())):
            await until(lambda: forwarder._own is not None, "the relay is up and the own broker is reached")
            async with (
                RemoteRoom(above.address, SITE, "counsellor:wang", "relay") as remote,
                asker(here.broker) as face,
            ):
                assert (await remote.ask("diagnostics")).diagnostics
                assert (await remote.ask("move")).code == "unknown_kind"
                await face.codes(request(), request("live", viewer="mine", seconds=5.0))
                async with contextlib.aclosing(remote.glances(2.0)) as glances:
                    assert (await anext(glances)).site == SITE
                assert forwarder._viewers.keys() == {remote._viewer}
                assert forwarder._asked == {}
    finally:
        above.kill()
