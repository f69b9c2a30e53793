"""A scenario: who sits where, on which lines, and what happens when. One TOML file, validated when it is loaded.

Every parameter of the simulator can stand in it; `docs/simulator.md` lists them. An error names the file and the field;
every event is tried on a throw-away site when the file is loaded, so that a wrong verb is not found in the middle of
a training. The same seed gives the same people, the same luck on the lines and the same bytes (`record.py`).
"""

import tomllib
from collections.abc import Callable, Coroutine, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

from devices.clock import Clock
from firmware_sim.catalogue import TWINS, SimDevice
from firmware_sim.control import ControlError
from firmware_sim.fit import FitTraits
from firmware_sim.line import LinkConditions
from firmware_sim.replay import ReplayError
from firmware_sim.site import Site
from firmware_sim.traits import Traits

Name = Annotated[str, Meta(pattern=r"^[a-z0-9-]+$")]


class ScenarioError(ValueError):
    """A scenario cannot be used; one line with the file, the field and what is wrong."""


class PersonPlan(Traits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person and their name."""

    id: Name


class DevicePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A device: what `catalogue.SimDevice` says of it, in a file's words.

    Attributes:
        person: id of a person of this scenario; "" is a stranger.
        port: where its port appears; "" is its id in the folder of ports.
        air: instead of a port, a Bluetooth adapter ("hci1").
        map: register map of a Modbus chair.
        link: its line.
        fit: how its sensors sit.
        age: how old a chair is (`actuators.Ageing`).
    """

    id: Name
    kind: str
    person: str = ""
    port: str = ""
    air: str = ""
    map: str = ""
    heart: Literal["ecg", "ppg"] = "ecg"
    replay: str = ""
    empty: bool = False
    drift_ppm: Annotated[float, Meta(ge=-1000, le=1000)] = 0.0
    watchdog_ms: Annotated[int, Meta(ge=0, le=60_000)] = 2000
    seat_sensor: bool = True
    link: LinkConditions = LinkConditions()
    fit: FitTraits = FitTraits()
    age: dict[str, Any] = {}


class Paced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pace that people feel while they are recorded; with a real room the chair and its session do that."""

    from_s: Annotated[float, Meta(ge=0)]
    to_s: Annotated[float, Meta(ge=0)]
    rate_per_min: Annotated[float, Meta(ge=3, le=12)] = 6.0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One story.

    Attributes:
        story: in one line, for lists.
        seconds: how long it is.
        seed: of people and lines; another one may be given when it runs.
        paced: when a recording paces them.
        events: each has `at` (seconds since the start), `do` (a verb of `hands.py` or of the device), perhaps `device`
            or `person`, and the verb's own fields.
    """

    title: str
    story: str
    seconds: Annotated[float, Meta(gt=0, le=86_400)] = 600.0
    seed: int = 1
    paced: Paced | None = None
    people: list[PersonPlan] = []
    devices: Annotated[list[DevicePlan], Meta(min_length=1)]
    events: list[dict[str, Any]] = []

    def sim_devices(self, ports: Path) -> list[SimDevice]:
        """The devices, with their ports in a folder unless they name another place."""
        return [
            SimDevice(
                plan.id,
                plan.kind,
                Path(plan.port) if plan.port else ports / plan.id,
                heart=plan.heart,
                replay=Path(plan.replay) if plan.replay else None,
                drift_ppm=plan.drift_ppm,
                watchdog_ms=plan.watchdog_ms,
                seat_sensor=plan.seat_sensor,
                link=plan.link,
                air=plan.air,
                map=plan.map,
                person=plan.person,
                empty=plan.empty,
                fit=plan.fit,
                age=cast(Mapping[object, object], plan.age) if plan.age else None,
            )
            for plan in self.devices
        ]

    @property
    def traits(self) -> dict[str, Traits]:
        """The people by name."""
        return {person.id: person for person in self.people}

    @property
    def timeline(self) -> list[tuple[float, str, Mapping[object, object]]]:
        """(second, verb, fields) in order of time."""
        happens: list[tuple[float, str, Mapping[object, object]]] = [
            (float(event["at"]), str(event["do"]), {name: event[name] for name in event if name not in {"at", "do"}})
            for event in self.events
        ]
        return sorted(happens, key=lambda each: each[0])

    def player(self, clock: Clock) -> Callable[[Site], Coroutine[None, None, None]]:
        """Lets the events happen at a site, in its time."""

        async def play(site: Site) -> None:
            for at_s, do, fields in self.timeline:
                await clock.sleep(at_s - site.now_s)
                site.act(do, fields)

        return play


def parse(text: str, name: str) -> Scenario:
    """A scenario out of TOML text.

    Raises:
        ScenarioError: naming `name` and the field.
    """
    try:
        scenario = msgspec.convert(tomllib.loads(text), Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{name}: {error}") from None
    _check_names(scenario, name)
    for number, event in enumerate(scenario.events):
        at, do = event.get("at"), event.get("do")
        if not isinstance(at, int | float) or isinstance(at, bool) or at < 0:
            raise ScenarioError(f"{name}: events[{number}]: `at` must be seconds since the start, 0 or more")
        if not isinstance(do, str):
            raise ScenarioError(f'{name}: events[{number}]: `do` must be a verb such as "stand"')
    _rehearse(scenario, name)
    return scenario


def _check_names(scenario: Scenario, name: str) -> None:
    people = [person.id for person in scenario.people]
    devices = [device.id for device in scenario.devices]
    for what, ids in (("people", people), ("devices", devices)):
        if len(set(ids)) != len(ids):
            raise ScenarioError(f"{name}: {what}: two have the same id; ids are {', '.join(ids)}")
    for number, device in enumerate(scenario.devices):
        if device.kind not in TWINS:
            raise ScenarioError(f"{name}: devices[{number}].kind: no {device.kind!r}; there are {', '.join(TWINS)}")
        if device.person and device.person not in people:
            raise ScenarioError(f"{name}: devices[{number}].person: no {device.person!r} among people")


def _rehearse(scenario: Scenario, name: str) -> None:
    """Build everything once, and let every event happen, without time passing."""
    from firmware_sim.record import StepClock, Tape, TapedAir  # it plays scenarios

    clock = StepClock()
    try:
        site = Site(
            scenario.sim_devices(Path()),
            clock,
            seed=scenario.seed,
            wait_for_sit=False,
            port=lambda _: Tape(clock),
            air=TapedAir,
            people=scenario.traits,
        )
    except (ControlError, ReplayError, ValueError) as error:
        raise ScenarioError(f"{name}: devices: {error}") from None
    for at_s, do, fields in scenario.timeline:
        try:
            site.act(do, fields)
        except ControlError as error:
            raise ScenarioError(f"{name}: events: at {at_s:g} s, {do}: {error}") from None


def available() -> dict[str, Traversable]:
    """The scenarios that come with us, by name."""
    found = sorted(files("firmware_sim").joinpath("scenarios").iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): file for file in found if file.name.endswith(".toml")}


def load(name: str) -> Scenario:
    """A scenario by the name of one that comes with us, or by the path of a file.

    Raises:
        ScenarioError: there is none, or it is not as it must be.
    """
    if (file := available().get(name)) is not None:
        return parse(file.read_text("utf-8"), f"{name}.toml")
    path = Path(name)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(available())
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ScenarioError(f"{name}: no such scenario ({reason}); there are {known}, or name a file") from None
    return parse(text, str(path))
