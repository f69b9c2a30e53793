"""The front door's wing for the simulator: devices of a configuration, scenarios, recordings, hands, a whole district.

`xinyi sim` without a word behind it stands in for the devices of a room, as `xinyi demo` uses it. Every verb of
`xinyi sim tell` is in `firmware_sim/hands.py`; `docs/simulator.md` is the guide.
"""

import asyncio
import contextlib
import itertools
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import click

from xinyi_options import config_option, load_config

speed_option = click.option(
    "--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Times real time."
)
_EXAMPLES = """\b
Examples:
  xinyi sim --config xinyi.toml --control /tmp/sim.sock
  xinyi sim scenarios
  xinyi sim run atrial-fibrillation --ports /tmp/ports --control /tmp/sim.sock
  xinyi sim tell /tmp/sim.sock unplug device=chair-1
  xinyi sim record cold-hands --seconds 300 --out /tmp/cold
  xinyi sim fleet --rooms 262 --broker 127.0.0.1:1883 --seconds 600
"""


def _until_told(work_of: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until it ends, or SIGTERM, SIGINT or a terminal that is closed says so."""

    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(kind, stop.set)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup wants it ignored
            loop.add_signal_handler(signal.SIGHUP, stop.set)
        work, stopped = asyncio.ensure_future(work_of(stop)), asyncio.create_task(stop.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work

    asyncio.run(body())


@click.group(invoke_without_command=True, epilog=_EXAMPLES)
@config_option
@click.option("--control", type=click.Path(path_type=Path), help="Unix socket for sit, unplug, press_stop …")
@click.option(
    "--replay", type=click.Path(path_type=Path), help="WFDB record that the first chair's heart sensor plays."
)
@click.option("--heart", type=click.Choice(["ecg", "ppg"]), default="ecg", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same person.")
@click.option("--empty", is_flag=True, help="Nobody sits in the chair until the control socket says so.")
@click.option("--attendant", is_flag=True, help="Somebody beside the chairs looks after a stop and presses the reset.")
@click.pass_context
def sim(
    ctx: click.Context,
    config: Path | None,
    control: Path | None,
    replay: Path | None,
    heart: Literal["ecg", "ppg"],
    seed: int,
    empty: bool,
    attendant: bool,
) -> None:
    """Simulated devices, people and whole districts on real ports and real brokers.

    Without a command: devices for every device of the configuration, on its port. Those of Bluetooth Low Energy are put
    on the second adapter and those after it (hci1, hci2, …), one each; the room uses the first.
    """
    if ctx.invoked_subcommand is not None:
        return
    from devices.address import Medium, parse
    from devices.clock import Clock
    from firmware_sim.attendant import attend
    from firmware_sim.catalogue import SimDevice
    from firmware_sim.site import run

    settings = load_config(config)
    devices: list[SimDevice] = []
    adapters = itertools.count(1)
    for device in settings.devices:
        first = device.kind == "chair-link" and not any(other.kind == "chair-link" for other in devices)
        by_air = parse(device.port).medium is Medium.BLE
        devices.append(
            SimDevice(
                device.id,
                device.kind,
                Path() if by_air else Path(device.port),
                heart=heart,
                replay=replay if first else None,
                map=device.map,
                air=f"hci{next(adapters)}" if by_air else "",
            )
        )
    clock = Clock.from_environment()
    story = (lambda site: attend(site, clock)) if attendant else None
    _until_told(lambda _: run(devices, clock, control, seed=seed, wait_for_sit=empty, story=story))


@sim.command()
@click.argument("scenario")
@speed_option
@click.option("--seed", type=int, help="Other people and another luck than the scenario's own.")
@click.option("--control", type=click.Path(path_type=Path), help="Unix socket for hands (`xinyi sim tell`).")
@click.option(
    "--ports", type=click.Path(path_type=Path), default=Path("ports"), show_default=True, help="Folder of the ports."
)
def run(scenario: str, speed: float, seed: int | None, control: Path | None, ports: Path) -> None:
    """Play SCENARIO (a name of `xinyi sim scenarios`, or a file) on real ports, in real time or faster.

    A room whose configuration names these ports sees real devices. Runs until Ctrl-C; the story ends before.
    """
    from devices.clock import Clock
    from firmware_sim.scenario import load
    from firmware_sim.site import run as run_site

    told = load(scenario)
    clock = Clock.from_environment() if speed == 1.0 else Clock.starting_now(speed)
    devices = told.sim_devices(ports.absolute())
    click.echo(f"{told.title}: {told.story}")
    for device in devices:
        click.echo(f"  {device.id}  {device.kind}  {device.air or device.path}")
    _until_told(
        lambda _: run_site(
            devices,
            clock,
            control,
            seed=told.seed if seed is None else seed,
            people=told.traits,
            story=told.player(clock),
        )
    )


@sim.command()
def scenarios() -> None:
    """The scenarios that come with us, one line each."""
    from firmware_sim.scenario import available, load

    for name in available():
        told = load(name)
        click.echo(f"{name:<24} {told.seconds:>5.0f} s  {told.story}")


@sim.command()
@click.argument("scenario")
@click.option("--seconds", type=click.FloatRange(1, 86400), help="Instead of the scenario's own length.")
@click.option("--seed", type=int, help="Other people and another luck than the scenario's own.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the files; made when missing.")
def record(scenario: str, seconds: float | None, seed: int | None, out: Path) -> None:
    """Play SCENARIO into files, as fast as it can be computed: bytes of every device with times, and the true beats."""
    from firmware_sim.record import record as play
    from firmware_sim.scenario import load

    made = play(load(scenario), out, seconds=seconds, seed=seed)
    for device, size in made.sizes.items():
        click.echo(f"{device:<12} {size:>10} bytes")
    click.echo(f"{made.beats} beats, sha256 {made.digest}")


@sim.command()
@click.argument("socket", type=click.Path(path_type=Path))
@click.argument("verb")
@click.argument("fields", nargs=-1)
def tell(socket: Path, verb: str, fields: tuple[str, ...]) -> None:
    """Have hands do VERB at the simulated site behind SOCKET; fields are written name=value.

    \b
    xinyi sim tell /tmp/sim.sock sit device=chair-1
    xinyi sim tell /tmp/sim.sock link device=chair-1 loss_share=0.1 burst_frames=5
    xinyi sim tell /tmp/sim.sock heart person=wang af=true
    xinyi sim tell /tmp/sim.sock quit
    """  # noqa: D301 - click's own mark for "do not wrap"
    from firmware_sim.control import ControlError
    from firmware_sim.control import tell as say

    values: dict[str, object] = {}
    for field in fields:
        name, equals, text = field.partition("=")
        if not equals:
            raise ControlError(f"{field}: write it as name=value, for example device=chair-1")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    asyncio.run(say(socket, verb, **values))
    click.echo("done")


@sim.command()
@click.option("--rooms", type=click.IntRange(1, 100_000), help="How many; the profile says otherwise.")
@click.option("--broker", "where", required=True, metavar="HOST:PORT", help="An MQTT 5 broker.")
@click.option("--secret", type=click.Path(path_type=Path), help="File with the password of user `room`.")
@click.option("--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Times real time.")
@click.option("--seconds", type=click.FloatRange(1), help="End after so many of the rooms' seconds; else on Ctrl-C.")
@click.option("--profile", type=click.Path(path_type=Path), help="TOML file, such as benchmarks/profiles.toml.")
@click.option("--name", default="district", show_default=True, help="Which table of the profile file.")
@click.option("--seed", type=int, default=1, show_default=True)
def fleet(
    rooms: int | None,
    where: str,
    secret: Path | None,
    speed: float,
    seconds: float | None,
    profile: Path | None,
    name: str,
    seed: int,
) -> None:
    """A whole district's rooms on one broker, from this one process: sessions as records, with receipts and resending.

    At the end open sessions are ended early, and receipts are awaited for half a minute; without a centre for these
    sites nothing is receipted, and the last line says so.
    """
    import msgspec

    from devices.clock import Clock
    from firmware_sim.fleet.connection import Broker, BrokerAway
    from firmware_sim.fleet.district import District
    from firmware_sim.fleet.profile import load

    plan = load(profile, name)
    if rooms is not None:
        plan = msgspec.structs.replace(plan, rooms=rooms)
    host, colon, port = where.rpartition(":")
    if not (colon and port.isdigit()):
        raise BrokerAway(f"{where}: write the broker as HOST:PORT, for example 127.0.0.1:1883")
    try:
        password = secret.read_text("utf-8").strip() if secret else ""
    except OSError as error:
        raise BrokerAway(f"{secret}: the password cannot be read ({error.strerror}); name the right file") from None
    district = District(plan, Broker(host, int(port), password), Clock.starting_now(speed), seed=seed)

    async def body() -> None:
        stop = asyncio.Event()
        for kind in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(kind, stop.set)
        click.echo(str(await district.run(stop, seconds, click.echo)))

    asyncio.run(body())
