"""`xinyi kiosk`: the resident's touchscreen, set up as the site's configuration wants it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from gateway.config import Config
    from kiosk.app import Kiosk

LEFT = 64
"""Exit code of a kiosk that staff has left with the maintenance PIN: systemd does not start it again."""


@click.command()
@config_option
def kiosk(config: Path | None) -> None:
    """The resident's touchscreen."""
    from gateway.client import KioskLine
    from kiosk.app import run

    settings = load_config(config)
    if run(kiosk_of(settings), KioskLine.of(settings)) == "leave":
        sys.exit(LEFT)


def kiosk_of(config: "Config") -> "Kiosk":
    """How this kiosk is set up.

    Raises:
        ConfigError: idle times that cannot be.
    """
    from gateway.config import ConfigError
    from kiosk.app import Kiosk
    from kiosk.furnish import Furniture
    from kiosk.idle import IdleTimes

    kiosk = config.kiosk
    try:
        idle = IdleTimes(kiosk.dim_s, kiosk.ask_s, kiosk.forget_s)
    except ValueError as error:
        raise ConfigError(f"kiosk.dim_s, ask_s, forget_s: {error}") from None
    width, _, height = kiosk.window.partition("x")
    return Kiosk(
        config.room_socket,
        Furniture(
            language=kiosk.language,
            seat=kiosk.seat,
            level=config.centre.level,
            zone=config.centre.zone,
            packs=config.packs,
            reviewed=config.reviews,
            risk=config.risk_rules,
            handoff=config.handoff_rules,
            hotlines=config.hotlines,
            library=config.library,
            maintenance=Path(kiosk.maintenance).expanduser() if kiosk.maintenance else None,
            demonstration=config.site.demonstration,
        ),
        windowed_size=(int(width), int(height)) if width else None,
        mm_per_px=kiosk.mm_per_px,
        motion=kiosk.motion,
        idle=idle,
        printer=kiosk.printer,
        volume=kiosk.volume,
        voice=kiosk.voice,
        voice_device=kiosk.voice_device,
        voice_rate=kiosk.voice_rate,
        recordings=config.library / "voice",
    )
