"""The demonstration: a whole site in a folder of its own, a session in it, and the figures out of its store.

The parent of separate processes (simulator, private mosquitto, centre, room and, with screens, console and kiosk), each
as it would run in a real room. It plays the counsellor: starts the session when the chair is there, and without screens
goes on when the room came back from a crash.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from devices.clock import ENVIRONMENT, Clock
from gateway.alongside import alongside
from gateway.broker import broker_command, free_port
from gateway.client import RoomClient
from gateway.config import (
    BrokerConfig,
    Config,
    ConsoleConfig,
    DeviceConfig,
    KioskConfig,
    PathsConfig,
    SiteConfig,
    to_toml,
)
from gateway.demo_report import is_stored, report_of
from gateway.errors import StoreError, StoreMissing
from gateway.keeping.asking import Place
from gateway.live import EndSession, Health, ResumeSession, SessionView, StartSession
from gateway.messages import DutyEntry, DutyRoster
from gateway.places import demo_runs, remember_run
from gateway.services.duty import send_roster
from gateway.site import Child, Site
from gateway.sockets_folder import sockets_folder

CHAIR_WITHIN_S = 60.0
ROSTER_S = 1.0
RECEIPTS_WITHIN_S = 30.0
START_WITHIN_S = 10.0
END_WITHIN_S = 10.0
TOO_OFTEN = 4
CONSOLE_PORT = 8760
_PASSING = {"room_away", "no_chair", "not_now", "too_late"}
"""Why a session may not begin now, and may a moment later."""


class DemoError(RuntimeError):
    """The demonstration cannot go on; one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a demonstration ended.

    Attributes:
        report: a `Report` as JSON; "" when there was no session.
        problem: one line when it did not end as it should, else "".
        interrupted: a person ended it before the session was over.
    """

    report: str = ""
    problem: str = ""
    interrupted: bool = False


@dataclass(slots=True)
class Demo:
    """What to show.

    Attributes:
        command: how this program is called, for its own children.
        sit: has the simulated person sit down, given the simulator's control socket; ConnectionError when it is away.
        speed: times real time.
        limit_s: end after so many session seconds; None runs the whole programme and stays up.
        headless: no console, no kiosk.
        display: there is a screen for the kiosk.
        data: folder in which the run's folder is made.
        sim_options: for the simulator.
        record_s: length of the recording that is replayed, or None.
        say: tells a person one line.
        environment: for its own children.
    """

    command: Sequence[str]
    sit: Callable[[Path], Awaitable[None]]
    speed: float
    limit_s: float | None
    headless: bool
    display: bool
    data: Path | None
    sim_options: Sequence[str]
    record_s: float | None
    say: Callable[[str], None]
    environment: Mapping[str, str] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _session: str = ""
    _first_beat_s: float | None = None

    async def run(self, stop: asyncio.Event) -> Ended:
        """Show it until the session ends (with `limit_s` or headless) or `stop` is set.

        Raises:
            DemoError: something that a person must know, in one line.
        """
        if self.record_s is not None and self.limit_s is not None and self.limit_s > self.record_s:
            self.say(f"the recording holds {self.record_s:.0f} s; after that the chair is empty")
        folder = await asyncio.to_thread(self._make_folder)
        with sockets_folder() as sockets:
            return await self._show(folder, sockets, stop)

    def _make_folder(self) -> Path:
        base = self.data or demo_runs()
        folder = base / time.strftime(f"%Y%m%d-%H%M%S-{os.getpid()}")
        try:
            folder.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise DemoError(
                f"{base}: the data folder cannot be written ({error.strerror}); give another one with --data"
            ) from None
        if self.data:
            remember_run(folder)
        return folder

    async def _show(self, folder: Path, sockets: Path, stop: asyncio.Event) -> Ended:
        clock = Clock.starting_now(self.speed)
        config = self._configure(folder, sockets)
        file = folder / "xinyi.toml"
        await asyncio.to_thread(file.write_text, to_toml(config), "utf-8")
        control = sockets / "sim.sock"
        environment = {name: text for name, text in os.environ.items() if not name.startswith("XINYI_")}
        async with Site(self._children(config, file, control, clock), folder / "logs", environment) as site:
            if not self.headless:
                self.say(f"console  http://{config.console.host}:{config.console.port}/")
            self.say(f"data     {folder}")
            async with alongside(_on_duty(config, clock)), RoomClient(config.room_socket, "demo") as client:
                over = await self._lead(client, site, config, control, stop)
                if over and self.limit_s is None and not self.headless:
                    self.say("the session is over; the site stays up, Ctrl-C ends it")
                    await stop.wait()
        if not self._session:
            return Ended(interrupted=True)
        try:
            report = await asyncio.to_thread(report_of, config, self._session, self._first_beat_s)
        except StoreError:
            if over:
                raise
            return Ended(interrupted=True)  # before anything was stored
        text = msgspec.json.encode(report).decode()
        return Ended(text, report.problem(folder) if over else "", interrupted=not over)

    def _configure(self, folder: Path, sockets: Path) -> Config:
        port = free_port()
        broker = folder / "broker"
        return Config(
            site=SiteConfig("demo.demo.0001", "演示心理服务室", demonstration=True),
            paths=PathsConfig(str(folder.resolve()), str(sockets)),
            broker=BrokerConfig("127.0.0.1", port, str((broker / "secret").resolve())),
            console=ConsoleConfig(port=_port_near(CONSOLE_PORT)),
            kiosk=KioskConfig(window="1280x800"),
            devices=[DeviceConfig("chair-1", "chair-link", str(sockets / "chair-1"), "1 号椅")],
        )

    def _children(self, config: Config, file: Path, control: Path, clock: Clock) -> list[Child]:
        environment = {
            **self.environment,
            "PYTHONIOENCODING": "utf-8",
            ENVIRONMENT: clock.to_environment(),
            "XINYI_CONFIG": str(file),
        }

        def ours(name: str, *options: str, vital: bool = True) -> Child:
            return Child(name, [*self.command, name, *options], environment, vital=vital)

        broker = broker_command(config.data / "broker", config.broker.port)
        children = [
            Child("broker", broker),
            ours("sim", "--control", str(control), "--empty", *self.sim_options),
            ours("room"),
            ours("centre"),
        ]
        if not self.headless:
            children.append(ours("console"))
            if self.display:
                children.append(ours("kiosk", vital=False))
        return children

    async def _lead(self, client: RoomClient, site: Site, config: Config, control: Path, stop: asyncio.Event) -> bool:
        """Be the counsellor: sit somebody down, start, go on. Whether the session came to its end by itself."""

        async def session() -> bool:
            await self._chair(client, site)
            with contextlib.suppress(ConnectionError):  # then `_sits_again` does it
                await self.sit(control)
            await self._start(client)
            await self._follow(client, config)
            return True

        if await _first_of(session(), _false_when(stop), self._stays_up(site), self._sits_again(site, control)):
            return True
        if client.latest and client.latest.session:
            self._session = client.latest.session.id
            await client.ask(EndSession())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_WITHIN_S):
                    await self._follow(client, config)
        return False

    async def _stays_up(self, site: Site) -> bool:
        """Never returns.

        Raises:
            DemoError: a process of the site ends again and again.
        """
        while True:
            if broken := next((c.name for c in site.children.values() if c.vital and c.quick >= TOO_OFTEN), None):
                raise DemoError(f"{broken} does not stay up: {site.last_words(broken)} (see {site.log_of(broken)})")
            await asyncio.sleep(0.25)

    async def _sits_again(self, site: Site, control: Path) -> bool:
        """Never returns. A simulator that had to be started again has an empty chair: the person sits down again."""
        seen = site.children["sim"].restarts
        while True:
            await asyncio.sleep(0.25)
            if site.children["sim"].restarts != seen:
                with contextlib.suppress(ConnectionError):
                    await self.sit(control)
                    seen = site.children["sim"].restarts

    async def _chair(self, client: RoomClient, site: Site) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHAIR_WITHIN_S):
                async for frame in client.frames():
                    if frame and any(device.health is Health.CONNECTED for device in frame.devices):
                        return
        name = "room" if client.latest is None else "sim"
        raise DemoError(
            f"no chair after {CHAIR_WITHIN_S:.0f} s; the {name} process says: {site.last_words(name)} "
            f"(see {site.log_of(name)})"
        )

    async def _start(self, client: RoomClient) -> None:
        """Begin the session; an answer that was lost on its way counts as well."""
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            reply = await client.ask(StartSession(limit_s=self.limit_s), expires_s=5.0)
            if reply.ok or reply.code == "session_running":
                return
            if reply.code not in _PASSING or time.monotonic() > deadline:
                raise DemoError(f"the session did not start: {reply.code} {reply.detail}".rstrip())
            await asyncio.sleep(0.3)

    async def _follow(self, client: RoomClient, config: Config) -> None:
        """Until the session is over and stored, or has not been stored for too long."""
        finished_at = 0.0
        resumed = -1
        shown = ""
        async for frame in client.frames():
            session = frame.session if frame else None
            if frame is None or session is None:
                if frame and self._session:  # the room was killed after it had written the end
                    await self._stored(config)
                    return
                continue
            self._session = session.id
            if self._first_beat_s is None and session.beats:
                self._first_beat_s = time.monotonic() - self._began
                self.say(f"first live beat {self._first_beat_s:.1f} s after the start")
            shown = self._tell(session, shown)
            if session.state == "paused" and session.pause_reason == "room_restarted" and self.headless:
                if frame.seq - resumed > 4 or frame.seq < resumed:
                    resumed = frame.seq
                    await client.ask(ResumeSession())
            elif session.state == "finished":
                finished_at = finished_at or time.monotonic()
                if session.summary and session.saved == "site":
                    return
                if time.monotonic() - finished_at > RECEIPTS_WITHIN_S:
                    self.say("the centre has not confirmed everything; it stays in the outbox")
                    return

    async def _stored(self, config: Config) -> None:
        """Until the store holds the whole session, for a while."""
        for _ in range(round(2 * RECEIPTS_WITHIN_S)):
            if await asyncio.to_thread(is_stored, config, self._session):
                break
            await asyncio.sleep(0.5)
        await asyncio.sleep(1.0)  # the last receipts are on their way back

    def _tell(self, session: SessionView, shown: str) -> str:
        now = next((segment.title_zh for segment in session.segments if segment.state == "now"), "")
        line = f"{session.state} {session.pause_reason} {now}".replace("  ", " ").strip()
        if line != shown:
            self.say(f"session  {line}")
        return line


def _port_near(port: int) -> int:
    """This port, or any free one when a second demonstration runs beside the first."""
    with contextlib.suppress(OSError), socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return port
    return free_port()


async def _on_duty(config: Config, clock: Clock) -> None:
    """Somebody of the demonstration is on duty, as soon as the centre can be told."""
    day = 86_400 * 10**9
    now = clock.utc_ns()
    roster = DutyRoster(1, [DutyEntry("demo", "演示值班员", "counsellor", now - day, now + 30 * day)])
    while True:
        try:
            await asyncio.to_thread(send_roster, Place.of(config), roster, config.site.id)
        except StoreMissing:
            await asyncio.sleep(ROSTER_S)
        except StoreError:
            return
        else:
            return


async def _false_when(stop: asyncio.Event) -> bool:
    await stop.wait()
    return False


async def _first_of(*works: Coroutine[None, None, bool]) -> bool:
    """What the first of them says that ends; the others are ended."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
