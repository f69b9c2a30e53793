"""People who touch anything in a real window, while everything behind it dies: no crash, no dead end, no lost answer.

    python -m benchmarks.validate_kiosk [--walks 50] [--steps 30] [--seed 1]

One real site (broker, centre, room, simulated chair) and the real kiosk before it; fingers through XTEST, on targets
and beside them. Meanwhile room, broker and centre are killed or stopped, the kiosk itself is killed between two
answers, and sometimes nobody touches it until it forgets. After each walk ordinary touches must lead home. In the end
every answer that stood confirmed on the screen, and every call for help, is in the centre's rows. Exit code 1 when
anything is not so.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.kiosk_site import SETTLED_S, Face, Place, open_site, short_folder
from benchmarks.screen_rig import Screen, open_screen
from care.alerts import AlertEvent
from gateway import tables as t
from gateway.messages import Assessment, RecordKind, decode_body
from gateway.sealing import of_record
from gateway.services import open_store
from kiosk.fonts import faces

IDLE = {"dim_s": 3.0, "ask_s": 4.0, "forget_s": 6.0}
FORGOTTEN_S = 90.0
"""Help screens wait four times as long, and what runs by itself runs out before anybody is missed."""
DELIVERED_S = 180.0
STOPPED_S = 3.0
_WAY_OUT = ("back", "stop", "confirm_end", "keep", "next", "done", "end", "mistake", "bye")
_HOME = {"welcome", "home"}
_FAVOURED = {"question": "choose", "welcome": "next", "privacy": "next", "intro": "next", "who": "choose"}
_WANTED = {"tests", "quick", "phq9", "18-59", "60+"}
_SELDOM = {"help", "bye", "done", "language", "large", "contrast", "service"}
_VICTIMS = ("room", "broker", "centre")
_MOST_TOUCHES = 60
_STRAIGHT = 0.8
_STRAIGHT_ON = {
    "welcome": "next",
    "privacy": "next",
    "consent": "next",
    "who": "18-59",
    "file": "none",
    "home": "tests",
    "tests": "quick",
    "intro": "next",
}


@dataclass
class Walks:
    """What some walks came to.

    Attributes:
        said: assessment → answers that were confirmed on the screen.
        called: alerts that the screen stood for.
        events: what happened, and how often.
        wrong: what must not be.
    """

    said: dict[str, dict[str, int]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    events: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Walker:
    """Whoever stands before the kiosk."""

    def __init__(self, place: Place, screen: Screen, face: Face, found: Walks, luck: random.Random) -> None:
        self._place, self._screen, self._face, self._found, self._luck = place, screen, face, found, luck

    def look(self) -> dict[str, Any]:
        """What is on the window; what is confirmed there is remembered."""
        seen = self._face.look()
        self._found.places[seen["place"]] += 1
        if seen["open"]:
            assessment, given = seen["open"]
            self._found.said[assessment] = given
        if seen["called"]:
            self._found.called.add(seen["called"])
        return seen

    def step(self) -> None:
        """Something happens."""
        match self._luck.random():
            case r if r < 0.07:
                self._kill(self._luck.choice(_VICTIMS), signal.SIGKILL)
            case r if r < 0.10:
                self._stop(self._luck.choice(("room", "centre")))
            case r if r < 0.14:
                self._kill_kiosk()
            case r if r < 0.16:
                self._nobody()
            case r if r < 0.26:
                self._anywhere()
            case _:
                self._touch()

    def to_questions(self) -> None:
        """Most people come to answer something; the straight way there, as far as it is straight."""
        if self._luck.random() >= _STRAIGHT:
            return
        some = self._luck.choice(("quick", "phq9", "phq9", "gad7"))
        for _ in range(12):
            seen = self.look()
            wanted = _STRAIGHT_ON.get(seen["place"], "")
            if seen["place"] == "tests":
                wanted = some
            elif seen["place"] == "consent" and "test" not in seen["consents"]:
                wanted = "test"
            offered = [each for each in seen["targets"] if wanted in (each["value"], each["tap"])]
            if seen["place"] == "question" or not wanted or not offered:
                return
            self._face.touch(offered[0])

    def way_out(self) -> None:
        """Touches of somebody who wants to leave."""
        tried: Counter[tuple[str, str]] = Counter()
        for _ in range(_MOST_TOUCHES):
            seen = self.look()
            if seen["place"] in _HOME:
                return
            offered = [each for tap in _WAY_OUT for each in seen["targets"] if each["tap"] == tap]
            if not offered:
                time.sleep(SETTLED_S)  # it waits for an answer, and goes on by itself
                continue
            target = min(offered, key=lambda each: tried[seen["place"], each["tap"]])
            tried[seen["place"], target["tap"]] += 1
            self._face.touch(target)
        self._found.wrong.append(f"no way out of {self.look()['place']}")

    def _touch(self) -> None:
        seen = self.look()
        if not seen["targets"]:
            time.sleep(SETTLED_S)
            return
        wanted = _FAVOURED.get(seen["place"], "")
        if seen["place"] == "consent":
            wanted = "next" if "test" in seen["consents"] else "test"
        self._face.touch(self._luck.choices(seen["targets"], [_weight(each, wanted) for each in seen["targets"]])[0])
        self._found.events["touch"] += 1
        self.look()

    def _anywhere(self) -> None:
        """Beside, twice, anywhere."""
        x, y = self._luck.uniform(0, 1279), self._luck.uniform(0, 799)
        for _ in range(self._luck.choice((1, 1, 2, 3))):
            self._screen.tap(x, y)
        time.sleep(SETTLED_S)
        self._found.events["touch anywhere"] += 1
        self.look()

    def _kill(self, name: str, how: signal.Signals) -> None:
        if self._place.kill(name, how):
            self._found.events[f"{name} killed"] += 1

    def _stop(self, name: str) -> None:
        pid = self._place.kill(name, signal.SIGSTOP)
        if pid:
            self._found.events[f"{name} stopped"] += 1
            for _ in range(2):
                self._touch()
            time.sleep(self._luck.uniform(0, STOPPED_S))
            self._place.kill(name, signal.SIGCONT)

    def _kill_kiosk(self) -> None:
        self.look()
        self._face.end(signal.SIGKILL)
        self._face.start()
        self._face.drawn()
        self._found.events["kiosk killed"] += 1

    def _nobody(self) -> None:
        """Nobody touches it until it has forgotten, or something that runs by itself goes on."""
        self._found.events["nobody"] += 1
        self.forgotten(2 * IDLE["forget_s"])

    def forgotten(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self.look()["place"] == "welcome":
                return True
            time.sleep(0.5)
        return False


def _weight(target: dict[str, Any], wanted: str) -> float:
    """How likely a target is touched: questionnaires are what can be lost."""
    if target["tap"] in _SELDOM:
        return 0.15
    return 6.0 if wanted in (target["tap"], target["value"]) or target["value"] in _WANTED else 1.0


def walk(place: Place, screen: Screen, face: Face, found: Walks, seed: int, steps: int) -> None:
    """One walk, and out again."""
    walker = Walker(place, screen, face, found, random.Random(seed))
    try:
        walker.to_questions()
        for _ in range(steps):
            walker.step()
        walker.way_out()
    except ConnectionError as error:
        found.wrong.append(f"walk {seed}: {error}")
        if not face.runs:
            face.start()
            face.drawn()


def missing(data: Path, found: Walks) -> list[str]:
    """Answers and calls that the centre does not hold, or not as they stood on the screen."""
    kept: dict[str, Assessment] = {}
    alerts: set[str] = set()
    r = t.records.c
    with open_store(data) as rows, rows.reading() as db:
        question = sa.select(r.id, r.kind, r.body).where(r.kind.in_([RecordKind.ASSESSMENT, RecordKind.ALERT_EVENT]))
        for record, kind, sealed in db.execute(question):
            body = decode_body(RecordKind(kind), rows.keyring.open_sealed(sealed, of_record(record)))
            if isinstance(body, Assessment):
                key = str(body.assessment)
                kept[key] = max(kept.get(key, body), body, key=lambda each: each.version)
            elif isinstance(body, AlertEvent):
                alerts.add(str(body.alert))
    lost = [f"alert {key}" for key in found.called - alerts]
    for key, given in found.said.items():
        stored = kept[key].answers if key in kept else {}
        if not given.items() <= stored.items():
            lost.append(f"{key}: {given} on the screen, {stored} at the centre")
    return lost


async def validate(walks: int, steps: int, seed: int, *, say: bool = True) -> Walks:
    """Run them all on one site."""
    faces()
    folder, found = short_folder(), Walks()
    try:
        with open_screen() as screen:
            async with open_site(folder, **IDLE) as place:
                face = Face(place, screen, folder / "kiosk.log")
                face.start()
                await asyncio.to_thread(face.drawn)
                began = time.monotonic()
                for number in range(seed, seed + walks):
                    await asyncio.to_thread(walk, place, screen, face, found, number, steps)
                    if say:
                        passed = time.monotonic() - began
                        print(f"… walk {number}, {passed:.0f} s, {len(found.said)} questionnaires", flush=True)
                await asyncio.to_thread(_end, place, screen, face, found)
                if face.end() != 0:
                    found.wrong.append("the kiosk did not end well")
        if "Traceback" in (folder / "kiosk.log").read_text("utf-8", "replace"):
            found.wrong.append(f"the kiosk's log holds a traceback: {folder / 'kiosk.log'}")
    finally:
        if not found.wrong:
            shutil.rmtree(folder, ignore_errors=True)
    return found


def _end(place: Place, screen: Screen, face: Face, found: Walks) -> None:
    """The last person goes; then the centre has some time to get everything."""
    walker = Walker(place, screen, face, found, random.Random(0))
    if not walker.forgotten(FORGOTTEN_S):
        found.wrong.append(f"the last person is not forgotten: {walker.look()['place']}")
    deadline = time.monotonic() + DELIVERED_S
    while (lost := missing(place.config.data, found)) and time.monotonic() < deadline:
        time.sleep(1.0)
    found.wrong += [f"lost: {each}" for each in lost]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate_kiosk", description=__doc__.splitlines()[0])
    parser.add_argument("--walks", type=int, default=50)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = asyncio.run(validate(given.walks, given.steps, given.seed))
    happened = ", ".join(f"{what} {count}" for what, count in found.events.most_common())
    answers = sum(map(len, found.said.values()))
    print(f"{given.walks} walks over {len(found.places)} pages: {happened}")
    print(f"{answers} answers of {len(found.said)} questionnaires, {len(found.called)} calls")
    for line in found.wrong:
        print(f"  WRONG: {line}")
    print(f"kiosk: {'BAD' if found.wrong else 'good'}: {len(found.wrong)} wrong")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
