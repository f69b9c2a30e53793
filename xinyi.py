"""The front door: one command line. Each subcommand imports what it needs when it runs.

A mistake that a person can make ends with one line on standard error and exit code 1, never with a stack trace.
"""

import asyncio
import io
import os
import signal
import site
import sys
from pathlib import Path
from typing import Any

import click

from xinyi_appointments import appointments
from xinyi_care import care
from xinyi_devices import devices
from xinyi_duty import duty
from xinyi_enrol import enrol
from xinyi_fleet import fleet
from xinyi_keeping import COMMANDS as KEEPING
from xinyi_kiosk import kiosk
from xinyi_options import config_option, load_config
from xinyi_points import points
from xinyi_release import release
from xinyi_sim import sim

KNOWN_ERRORS = {
    "gateway.config.ConfigError",
    "gateway.errors.StoreError",
    "gateway.errors.BrokerError",
    "gateway.fleet.errors.FleetError",
    "gateway.releases.errors.ReleaseError",
    "gateway.site.SiteError",
    "gateway.demo.DemoError",
    "care.instruments.model.AnswersError",
    "care.located.DataError",
    "care.handoff.HandoffError",
    "care.hotlines.HotlineError",
    "care.library.LibraryError",
    "care.programme.ProgrammeError",
    "devices.errors.DeviceError",
    "firmware_sim.control.ControlError",
    "firmware_sim.air.AirError",
    "firmware_sim.fleet.connection.BrokerAway",
    "firmware_sim.fleet.profile.ProfileError",
    "firmware_sim.replay.ReplayError",
    "firmware_sim.scenario.ScenarioError",
    "kiosk.app.NoDisplay",
    "kiosk.fonts.FontMissing",
    "kiosk.furnish.NoPin",
    "kiosk.texts.TextsError",
}


def is_known(error: BaseException) -> bool:
    """Whether this is an error whose text is meant for a person."""
    return any(f"{kind.__module__}.{kind.__qualname__}" in KNOWN_ERRORS for kind in type(error).__mro__)


class FrontDoor(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not is_known(error):
                raise
            click.echo(f"xinyi: {error}", err=True)
            ctx.exit(1)


data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of a site; without it all known ones are searched."
)


@click.group(cls=FrontDoor, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="xinyi")
def main() -> None:
    """Xinyi 心驿: the software of a community counselling room."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without Chinese gets escapes, not a stack trace
            stream.reconfigure(errors="backslashreplace")


def _run_until_told(coroutine_of: Any) -> None:
    """Run `coroutine_of(stop)` until SIGTERM, SIGINT or a terminal that is closed sets `stop`."""

    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(kind, stop.set)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup wants it ignored
            loop.add_signal_handler(signal.SIGHUP, stop.set)
        await coroutine_of(stop)

    asyncio.run(body())


@main.command()
@config_option
def room(config: Path | None) -> None:
    """The room service: devices, sessions, the room's own socket."""
    from devices.clock import Clock
    from gateway.room.service import run

    settings = load_config(config)
    _run_until_told(lambda stop: run(settings, Clock.from_environment(), stop))


@main.command()
@config_option
def centre(config: Path | None) -> None:
    """The centre: stores what rooms send, and says so."""
    from devices.clock import Clock
    from gateway.centre_service import run

    settings = load_config(config)
    _run_until_told(lambda stop: run(settings, Clock.from_environment(), stop))


@main.command()
@config_option
def broker(config: Path | None) -> None:
    """The site's mosquitto: loopback with one secret for our own processes, certificates for sites below."""
    from gateway.broker import broker_command
    from gateway.config import sites_names
    from gateway.trust.authority import Authority
    from gateway.trust.gate import door

    settings = load_config(config)
    below = None
    if settings.broker.sites_port:
        authority = Authority.open(settings.data / "authority", site=settings.site.id)
        below = door(authority, settings.site.id, settings.broker.sites_port, sites_names(settings))
    command = broker_command(settings.data / "broker", settings.broker.port, below)
    os.execv(command[0], command)  # noqa: S606  # no shell: this process becomes mosquitto


@main.command()
@config_option
def console(config: Path | None) -> None:
    """The counsellor's console, a web page."""
    from dashboards.console import run
    from gateway.duty.site_files import handoff_of
    from gateway.keeping.asking import Place
    from gateway.services.desk import Desk

    settings = load_config(config)
    desk = Desk(Place.of(settings, producer="console"), settings.centre.level, handoff_of(settings))
    run(
        settings.room_socket,
        settings.console.host,
        settings.console.port,
        language=settings.console.language,
        desk=desk,
    )


@main.command()
@click.option("--replay", type=click.Path(path_type=Path), help="WFDB record (header + signal) for the chair's sensor.")
@click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0, show_default=True, help="Times real time.")
@click.option("--for", "limit_s", type=click.FloatRange(5, 86400), help="End after so many session seconds.")
@click.option("--headless", is_flag=True, help="No console, no kiosk window.")
@click.option("--json", "as_json", is_flag=True, help="At the end one JSON line on standard output.")
@click.option("--data", type=click.Path(path_type=Path), help="Where the run's folder is made.")
@click.option("--seed", type=int, default=1, show_default=True)
def demo(
    replay: Path | None,
    speed: float,
    limit_s: float | None,
    headless: bool,
    as_json: bool,
    data: Path | None,
    seed: int,
) -> None:
    """A whole site with simulated people and devices, and a session in it."""
    from firmware_sim.control import ControlError, tell
    from firmware_sim.replay import peek
    from gateway.demo import Demo, Ended

    options = ["--seed", str(seed), "--attendant"]
    record = peek(replay) if replay else None
    if replay and record:
        options += ["--replay", str(replay.resolve()), "--heart", record.heart]

    async def sit(control: Path) -> None:
        try:
            await tell(control, "sit", device="chair-1")
        except ControlError as error:
            raise ConnectionError(str(error)) from None

    show = Demo(
        command=(sys.executable, "-P", "-m", "xinyi"),
        sit=sit,
        speed=speed,
        limit_s=limit_s,
        headless=headless,
        display=bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
        data=data,
        sim_options=options,
        record_s=record.duration_s if record else None,
        say=lambda line: click.echo(line, err=as_json),
        environment=_own_environment(),
    )
    ended: list[Ended] = []

    async def body(stop: asyncio.Event) -> None:
        ended.append(await show.run(stop))

    _run_until_told(body)
    (end,) = ended
    if as_json and end.report:
        click.echo(end.report)
    if end.problem:
        click.echo(f"xinyi: {end.problem}", err=True)
        sys.exit(1)
    if end.interrupted:
        sys.exit(130)


def _own_environment() -> dict[str, str]:
    """So that children find this program, whatever folder they are started in (`-P`), also out of a checkout."""
    home = str(Path(__file__).resolve().parent)
    if home in {*site.getsitepackages(), site.getusersitepackages()}:
        return {}
    return {"PYTHONPATH": os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)}


@main.command()
@data_option
@config_option
def sessions(data: Path | None, config: Path | None) -> None:
    """The sessions in the stores of this machine, newest first."""
    from gateway.errors import StoreError
    from gateway.export import write_sessions
    from gateway.places import stores
    from gateway.services import find_sessions, open_store

    found = []
    for folder in stores(data, config):
        try:
            with open_store(folder) as rows:
                found += find_sessions(rows)
        except StoreError as error:
            click.echo(f"xinyi: {error}", err=True)
    write_sessions(sorted(found, key=lambda row: row.began_utc_ns or 0, reverse=True), sys.stdout)


@main.command()
@click.argument("session")
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File; standard output without it."
)
@data_option
@config_option
def export(session: str, form: str, output: Path | None, data: Path | None, config: Path | None) -> None:
    """Give SESSION (its id, the beginning of it, or "latest") back from the store: beats, features, events, gaps."""
    from gateway.errors import StoreUnwritable
    from gateway.export import write_csv
    from gateway.places import store_of
    from gateway.services import open_store, read_session

    assert form == "csv"
    with open_store(store_of(session, data, config)) as rows:
        stored = read_session(rows, session)
    if output is None:
        write_csv(stored, sys.stdout)
        return
    try:
        with output.open("w", encoding="utf-8-sig", newline="") as file:
            write_csv(stored, file)
    except OSError as error:
        raise StoreUnwritable(output, f"cannot be written ({error.strerror})", "choose another file") from None


main.add_command(appointments)
main.add_command(care)
main.add_command(devices)
main.add_command(duty)
main.add_command(enrol)
main.add_command(fleet)
main.add_command(kiosk)
main.add_command(release)
main.add_command(points)
main.add_command(sim)
for _command in KEEPING:
    main.add_command(_command)


if __name__ == "__main__":
    main()
