"""The demonstration: a whole site in a folder of its own, a session in it, and the figures out of its store.

The parent of separate processes (simulator, private mosquitto, centre, room and, with screens, console and kiosk), each
as it would run in a real room. It plays the counsellor: starts the session when the chair is there, and without screens
goes on when the room came back from a crash.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from devices.clock import ENVIRONMENT, Clock
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
    load,
    to_toml,
)
from gateway.keys import Keyring
from gateway.live import Health, LiveFrame, ResumeSession, SessionView, StartSession
from gateway.outbox import Outbox
from gateway.places import demo_runs, remember_run
from gateway.services import open_store, read_session, session_figures
from gateway.site import Child, Site

CHAIR_WITHIN_S = 60.0
RECEIPTS_WITHIN_S = 30.0
CONSOLE_PORT = 8760

T = TypeVar("T")


class DemoError(RuntimeError):
    """The demonstration cannot go on; one line that says why and what to do."""


class Report(msgspec.Struct, frozen=True):
    """The one JSON line at the end. `record time = session time + replay_offset_s`."""

    session_id: str
    beats_stored: int
    mean_hr_bpm: float | None
    rmssd_ms: float | None
    artefact_share: float | None
    records_sent: int
    records_receipted: int
    replay_offset_s: float | None
    store: str
    first_beat_s: float | None = None
    """Wall seconds from the start of the demonstration to the first live beat on the page."""


@dataclass(slots=True)
class Demo:
    """What to show.

    Attributes:
        command: how this program is called, for its own children.
        sit: has the simulated person sit down, given the simulator's control socket.
        speed: times real time.
        limit_s: end after so many session seconds; None runs the whole programme and stays up.
        headless: no console, no kiosk.
        display: there is a screen for the kiosk.
        data: folder in which the run's folder is made.
        sim_options: for the simulator.
        record_s: length of the recording that is replayed, or None.
        say: tells a person one line.
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
    _began: float = field(default_factory=time.monotonic)

    async def run(self, stop: asyncio.Event) -> str:
        """Show it until the session ends (with `limit_s` or headless) or `stop` is set; the report as JSON.

        Raises:
            DemoError: something that a person must know, in one line.
        """
        if self.record_s is not None and self.limit_s is not None and self.limit_s > self.record_s:
            self.say(f"the recording holds {self.record_s:.0f} s; after that the chair is empty")
        folder = await asyncio.to_thread(self._make_folder)
        sockets = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="xinyi-"))
        try:
            return await self._show(folder, sockets, stop)
        finally:
            await asyncio.to_thread(shutil.rmtree, sockets, ignore_errors=True)

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

    async def _show(self, folder: Path, sockets: Path, stop: asyncio.Event) -> str:
        clock = Clock.starting_now(self.speed)
        config = self._configure(folder, sockets)
        file = folder / "xinyi.toml"
        await asyncio.to_thread(file.write_text, to_toml(config), "utf-8")
        control = sockets / "sim.sock"
        async with Site(self._children(config, file, control, clock), folder / "logs") as site:
            if not self.headless:
                self.say(f"console  http://{config.console.host}:{config.console.port}/")
            self.say(f"data     {folder}")
            async with RoomClient(config.room_socket, "demo") as client:
                session = await self._lead(client, site, control, stop)
                if session is None:
                    return ""
                if self.limit_s is None and not self.headless:
                    self.say("the session is over; the site stays up, Ctrl-C ends it")
                    await stop.wait()
        return await asyncio.to_thread(self._report, load(file), session)

    def _configure(self, folder: Path, sockets: Path) -> Config:
        port = free_port()
        broker = folder / "broker"
        return Config(
            site=SiteConfig("demo.demo.0001", "演示心理服务室"),
            paths=PathsConfig(str(folder.resolve()), str(sockets)),
            broker=BrokerConfig("127.0.0.1", port, str((broker / "secret").resolve())),
            console=ConsoleConfig(port=_port_near(CONSOLE_PORT)),
            kiosk=KioskConfig(window="1280x800"),
            devices=[DeviceConfig("chair-1", "chair-link", str(sockets / "chair-1"), "1 号椅")],
        )

    def _children(self, config: Config, file: Path, control: Path, clock: Clock) -> list[Child]:
        environment = {ENVIRONMENT: clock.to_environment(), "XINYI_CONFIG": str(file)}

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

    async def _lead(
        self, client: RoomClient, site: Site, control: Path, stop: asyncio.Event
    ) -> tuple[str, float | None] | None:
        """Be the counsellor: sit somebody down, start, go on, until the session is over and stored."""
        if not await _or_stop(self._chair(client, site), stop):
            return None
        await self.sit(control)
        reply = await client.ask(StartSession(limit_s=self.limit_s), expires_s=5.0)
        if not reply.ok:
            raise DemoError(f"the session did not start: {reply.code} {reply.detail}")
        return await _or_stop(self._follow(client), stop)

    async def _chair(self, client: RoomClient, site: Site) -> LiveFrame:
        latest: LiveFrame | None = None
        try:
            async with asyncio.timeout(CHAIR_WITHIN_S):
                async for frame in client.frames():
                    latest = frame
                    if broken := next((c.name for c in site.children.values() if c.vital and c.restarts >= 3), None):
                        raise DemoError(
                            f"{broken} does not stay up: {site.last_words(broken)} (see {site.log_of(broken)})"
                        )
                    if frame and any(device.health is Health.CONNECTED for device in frame.devices):
                        return frame
        except TimeoutError:
            pass
        name = "room" if latest is None else "sim"
        raise DemoError(
            f"no chair after {CHAIR_WITHIN_S:.0f} s; the {name} process says: {site.last_words(name)} "
            f"(see {site.log_of(name)})"
        )

    async def _follow(self, client: RoomClient) -> tuple[str, float | None]:
        first_beat_s: float | None = None
        finished_at = 0.0
        resumed = -1
        shown = ""
        async for frame in client.frames():
            session = frame.session if frame else None
            if frame is None or session is None:
                continue
            if first_beat_s is None and session.beats:
                first_beat_s = time.monotonic() - self._began
                self.say(f"first live beat {first_beat_s:.1f} s after the start")
            shown = self._tell(session, shown)
            if session.state == "paused" and session.pause_reason == "room_restarted" and self.headless:
                if frame.seq - resumed > 4 or frame.seq < resumed:
                    resumed = frame.seq
                    await client.ask(ResumeSession())
            elif session.state == "finished" and session.summary:
                finished_at = finished_at or time.monotonic()
                if session.saved == "site":
                    return session.id, first_beat_s
                if time.monotonic() - finished_at > RECEIPTS_WITHIN_S:
                    self.say("the centre has not confirmed everything; it stays in the outbox")
                    return session.id, first_beat_s
        raise DemoError("the room's frames ended")

    def _tell(self, session: SessionView, shown: str) -> str:
        now = next((segment.title_zh for segment in session.segments if segment.state == "now"), "")
        line = f"{session.state} {session.pause_reason} {now}".replace("  ", " ").strip()
        if line != shown:
            self.say(f"session  {line}")
        return line

    def _report(self, config: Config, session: tuple[str, float | None]) -> str:
        session_id, first_beat_s = session
        keyring = Keyring.open(config.data / "keys", create=False)
        with (
            Outbox(
                config.data / "outbox.sqlite", keyring, site=config.site.id, producer="room", boot="report"
            ) as outbox,
            open_store(config.data) as store,
        ):
            stored = read_session(store, session_id)
            figures = session_figures(stored)
            counts = outbox.counts(stored.session)
            report = Report(
                session_id=session_id,
                beats_stored=figures.beats_stored,
                mean_hr_bpm=figures.mean_hr_bpm,
                rmssd_ms=figures.rmssd_ms,
                artefact_share=figures.artefact_share,
                records_sent=counts.put,
                records_receipted=counts.receipted,
                replay_offset_s=figures.replay_offset_s,
                store=config.rows_url,
                first_beat_s=None if first_beat_s is None else round(first_beat_s, 2),
            )
        return msgspec.json.encode(report).decode()


def _port_near(port: int) -> int:
    """This port, or any free one when a second demonstration runs beside the first."""
    import socket

    with contextlib.suppress(OSError), socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return port
    return free_port()


async def _or_stop(work: Awaitable[T], stop: asyncio.Event) -> T | None:
    """The work's result, or None when a person ended it first."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return None
    return task.result()
