"""Whether a headset is what would be heard: the voice speaks into ears and never into the room.

The site names one ALSA card. A USB headset is a card of its own: it is there or it is not. A socket in the machine
shares its card with the loudspeaker, so it counts only while the card itself says that something is plugged in; a
card that cannot say so is silent. Facts: Linux, Documentation/sound/hd-audio/controls.rst (jack controls) and
designs/procfile.rst; amixer(1). Tried with sample answers, not with every card.
"""

import re
import subprocess
from enum import StrEnum
from pathlib import Path

PROC = Path("/proc/asound")
PATIENCE_S = 3.0

_JACK = re.compile(
    r"iface=CARD,name='(?:Front |Rear )?Head(?:phone|set)(?: Front| Stereo)? Jack'.*?: values=(on|off)", re.DOTALL
)


class Headset(StrEnum):
    """What a card has to say; only the first may be spoken to."""

    WORN = "worn"
    UNPLUGGED = "unplugged"
    NO_CARD = "no_card"
    CANNOT_TELL = "cannot_tell"


def look(card: str, proc: Path = PROC) -> Headset:
    """Ask a card, by the id that /proc/asound/cards shows in brackets. May take a moment: not for the screen."""
    folder = proc / card
    if not card or "/" in card or not any(folder.glob("pcm*p")):
        return Headset.NO_CARD
    if (folder / "usbid").is_file():
        return Headset.WORN
    try:
        said = subprocess.run(
            ["amixer", "-c", card, "contents"], capture_output=True, text=True, timeout=PATIENCE_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return Headset.CANNOT_TELL
    return plugged(said)


def plugged(contents: str) -> Headset:
    r"""What `amixer contents` says about sockets for headphones; one that is in use is enough.

    >>> plugged("numid=9,iface=CARD,name='Headphone Jack'\n  ; type=BOOLEAN,access=r-------,values=1\n  : values=on")
    <Headset.WORN: 'worn'>
    """
    jacks = [found.group(1) for block in re.split(r"(?=numid=)", contents) if (found := _JACK.search(block))]
    if not jacks:
        return Headset.CANNOT_TELL
    return Headset.WORN if "on" in jacks else Headset.UNPLUGGED
