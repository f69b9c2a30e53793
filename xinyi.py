"""The front door: one command line. Each subcommand imports what it needs when it runs.

A mistake that a person can make ends with one line on standard error and exit code 1, never with a stack trace.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

KNOWN_ERRORS = {
    "gateway.config.ConfigError",
    "gateway.errors.StoreError",
    "gateway.errors.BrokerError",
    "gateway.site.SiteError",
    "gateway.demo.DemoError",
    "care.programme.ProgrammeError",
    "devices.errors.DeviceError",
    "firmware_sim.replay.ReplayError",
    "kiosk.app.NoDisplay",
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


def _config(path: Path | None) -> Any:
    from gateway.config import load

    return load(path)


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="XINYI_CONFIG",
    help="The site's xinyi.toml (or XINYI_CONFIG).",
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of a site; without it all known ones are searched."
)


@click.group(cls=FrontDoor, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="xinyi")
def main() -> None:
    """Xinyi 心驿: the software of a community counselling room."""


def _run_until_told(coroutine_of: Any) -> None:
    """Run `coroutine_of(stop)` until SIGTERM or SIGINT sets `stop`."""

    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(kind, stop.set)
        await coroutine_of(stop)

    asyncio.run(body())


@main.command()
@config_option
def room(config: Path | None) -> None:
    """The room service: devices, sessions, the room's own socket."""
    from devices.clock import Clock
    from gateway.room.service import run

    settings = _config(config)
    _run_until_told(lambda stop: run(settings, Clock.from_environment(), stop))


@main.command()
@config_option
def centre(config: Path | None) -> None:
    """The centre: stores what rooms send, and says so."""
    from gateway.centre import run

    settings = _config(config)
    _run_until_told(lambda stop: run(settings, stop))


@main.command()
@config_option
def console(config: Path | None) -> None:
    """The counsellor's console, a web page."""
    from dashboards.console import run

    settings = _config(config)
    run(settings.room_socket, settings.console.host, settings.console.port, language=settings.console.language)


@main.command()
@config_option
def kiosk(config: Path | None) -> None:
    """The resident's touchscreen."""
    from kiosk.app import run

    settings = _config(config)
    width, _, height = settings.kiosk.window.partition("x")
    size = (int(width), int(height)) if width else None
    run(settings.room_socket, language=settings.kiosk.language, windowed_size=size)


@main.command()
@config_option
@click.option("--control", type=click.Path(path_type=Path), help="Unix socket for sit, unplug, press_stop …")
@click.option(
    "--replay", type=click.Path(path_type=Path), help="WFDB record that the first chair's heart sensor plays."
)
@click.option("--heart", type=click.Choice(["ecg", "ppg"]), default="ecg", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same person.")
@click.option("--empty", is_flag=True, help="Nobody sits in the chair until the control socket says so.")
def sim(config: Path | None, control: Path | None, replay: Path | None, heart: str, seed: int, empty: bool) -> None:
    """Simulated devices for every device of the configuration, on its port."""
    from devices.clock import Clock
    from firmware_sim.site import SimDevice, run

    settings = _config(config)
    devices = [SimDevice(device.id, device.kind, Path(device.port)) for device in settings.devices]
    _run_until_told(
        lambda stop: run(
            devices, Clock.from_environment(), control, stop, replay=replay, heart=heart, seed=seed, wait_for_sit=empty
        )
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
    from firmware_sim.control import tell
    from firmware_sim.replay import open_record
    from gateway.demo import Demo

    length_s = open_record(replay).length_s if replay else None
    show = Demo(
        command=(sys.executable, "-m", "xinyi"),
        sit=lambda control: tell(control, "sit", device="chair-1"),
        speed=speed,
        limit_s=limit_s,
        headless=headless,
        display=bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
        data=data,
        sim_options=("--seed", str(seed), *(("--replay", str(replay.resolve())) if replay else ())),
        record_s=length_s,
        say=lambda line: click.echo(line, err=as_json),
    )
    result: list[str] = []

    async def body(stop: asyncio.Event) -> None:
        result.append(await show.run(stop))

    _run_until_told(body)
    if as_json and result and result[0]:
        click.echo(result[0])


@main.command()
@data_option
def sessions(data: Path | None) -> None:
    """The sessions in the store, newest first."""
    from gateway.services import list_sessions

    for line in list_sessions(data):
        click.echo(line)


@main.command()
@click.argument("session")
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File; standard output without it."
)
@data_option
def export(session: str, form: str, output: Path | None, data: Path | None) -> None:
    """Give SESSION (its id, or the beginning of it) back from the store: beats, features, events, gaps."""
    from gateway.export import export_session

    export_session(session, form, output, data)


@main.command()
def devices() -> None:
    """The serial ports of this machine, and what is plugged in."""
    from serial.tools.list_ports import comports

    ports = sorted(comports())
    if not ports:
        click.echo("no serial port is here; plug the device in, or look at the cable")
    for port in ports:
        click.echo(f"{port.device:<20} {port.description}  {port.hwid}")


if __name__ == "__main__":
    main()
