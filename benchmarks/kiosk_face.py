"""The kiosk of a configuration (XINYI_CONFIG), set up as `xinyi kiosk` does it, that says what is on its window.

    python -m benchmarks.kiosk_face

A line "look" on its standard input is answered with one line of JSON; the end of the input ends nothing. What it adds
to the kiosk is a thread that waits for lines, and a counter of pictures.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from gateway.client import KioskLine
from gateway.config import load
from kiosk.app import run
from xinyi_kiosk import LEFT, kiosk_of

_pictures: list[float] = []
"""When each was drawn."""


def look(out: int) -> None:
    """Place, targets (box in pixels from the top left, what they ask for) and what was answered; one line."""
    from kivy.app import App
    from kivy.core.window import Window

    from kiosk.flow import Tap
    from kiosk.lettering import Words
    from kiosk.shapes import Target

    stage: Any = App.get_running_app()
    high = Window.size[1]
    targets, texts = [], []
    for widget in stage.page.walk():
        if isinstance(widget, Words) and widget.text.strip():
            texts.append(widget.text)
        elif isinstance(widget, Target):
            asks = widget._on_tap  # noqa: SLF001 - what `Page.ask` has made
            held = [cell.cell_contents for cell in getattr(asks, "__closure__", None) or ()]
            asked = [str(each) for each in held if isinstance(each, str) and not isinstance(each, Tap)]
            taps = [str(each) for each in held if isinstance(each, Tap)]
            box = [widget.x, high - widget.top, widget.width, widget.height]
            targets.append({"box": box, "tap": taps[0] if taps else "", "value": asked[0] if asked else ""})
    visit = stage.flow.visit
    open_ = visit.open
    seen = {
        "place": str(stage.flow.place),
        "targets": targets,
        "texts": texts,
        "veil": stage._veil is not None,  # noqa: SLF001
        "typed": len(visit.typed),
        "consents": sorted(visit.consents),
        "open": [str(open_.id), open_.sitting.given] if open_ else None,
        "called": str(visit.called.alert) if visit.called else "",
        "pictures": len(_pictures),
    }
    os.write(out, json.dumps(seen).encode() + b"\n")


def listen(out: int) -> None:
    from kivy.clock import Clock

    for line in sys.stdin:
        if line.strip() == "look":
            Clock.schedule_once(lambda _: look(out))


def watch() -> None:
    """Count pictures, once there is a window."""
    from kivy.core.window import Window

    Window.bind(on_flip=lambda *_: _pictures.append(time.monotonic()))


def main() -> int:
    settings = load(Path(os.environ["XINYI_CONFIG"]))
    kiosk = kiosk_of(settings)
    out = os.dup(1)
    from kiosk import window

    window.set_up(kiosk.windowed_size)
    watch()
    threading.Thread(target=listen, args=(out,), daemon=True).start()
    return LEFT if run(kiosk, KioskLine.of(settings)) == "leave" else 0


if __name__ == "__main__":
    sys.exit(main())
