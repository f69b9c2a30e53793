"""A kiosk in a process of its own, which tells a test what is on its window: one JSON line per line on stdin.

"look" answers with every text and target of the page (pixels, from the top left); "hang" makes it draw nothing any
more; anything else ends it. Arguments: socket, width, height, and options as JSON: fields of `kiosk.app.Kiosk`;
"house", fields of `Furniture`; "data", "counter", "broker" (port), "secret" (its file) of a real site, where there is
one.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from care import exercises
from gateway.client import KioskLine
from gateway.link import BrokerAddress
from kiosk import window
from kiosk.app import Kiosk, run
from kiosk.furnish import Furniture
from kiosk.idle import IdleTimes


def look() -> None:
    from kivy.app import App
    from kivy.core.window import Window

    from kiosk.lettering import Words
    from kiosk.shapes import DEBOUNCE_S, Target

    stage = App.get_running_app()
    if stage is None:
        return
    high = Window.size[1]
    words, targets = [], []
    for widget in stage.root.walk():
        box = [widget.x, high - widget.top, widget.width, widget.height]
        if isinstance(widget, Words) and widget.text.strip():
            scale = widget._sheet.theme.scale
            widest = widget.width_u * scale
            left = {"left": 0.0, "center": (widget.width - widest) / 2, "right": widget.width - widest}[widget._align]
            words.append(
                {"text": widget.text, "lines": widget.lines, "box": box, "ink": [box[0] + left, box[1], widest, box[3]]}
            )
        elif isinstance(widget, Target):
            targets.append(box)
    figure = getattr(stage.page, "_figure", None)
    seen = {
        "place": str(stage._shown[0]),
        "language": stage.flow.visit.language,
        "words": words,
        "targets": targets,
        "fullness": figure.fullness if figure else None,
        "veil": stage._veil is not None,
        "size": list(Window.size),
        "faded": stage._fade_tint.a == 0,
        "ready": time.monotonic() - Target.last_tap_s >= DEBOUNCE_S,
        "scale": stage.page.theme.scale,
        "text": stage.page.theme.text,
    }
    print(json.dumps(seen), flush=True)


def listen() -> None:
    from kivy.clock import Clock

    for line in sys.stdin:
        if line.strip() == "hang":
            Clock.schedule_once(lambda _: time.sleep(60))
            continue
        if line.strip() != "look":
            break
        Clock.schedule_once(lambda _: look())
    from kivy.app import App

    App.get_running_app().stop()


if __name__ == "__main__":
    options = json.loads(sys.argv[4])
    if "idle" in options:
        options["idle"] = IdleTimes(**options["idle"])
    size = None if options.pop("fullscreen", False) else (int(sys.argv[2]), int(sys.argv[3]))
    data, counter, broker = (options.pop(name, "") for name in ("data", "counter", "broker"))
    secret, exercise = options.pop("secret", ""), options.pop("exercise", "")
    furniture = {
        name: Path(value) if name == "maintenance" else value for name, value in options.pop("house", {}).items()
    }
    with tempfile.TemporaryDirectory(prefix="xinyi-kiosk-") as made:
        folder = Path(data or made)
        if exercise:  # one that is over before a test is
            short = folder / "short.toml"
            short.write_text(exercise, "utf-8")
            exercises.available = lambda: {"short": short}
        line = KioskLine(
            folder,
            site="huadu.xinhua.0007",
            producer="kiosk-1",
            broker=BrokerAddress("127.0.0.1", broker or 1, Path(secret).read_text("utf-8").strip() if secret else ""),
            counter=Path(counter) if counter else folder / "centre.sock",
        )
        window.set_up(size)
        threading.Thread(target=listen, daemon=True).start()
        house = Furniture(demonstration=True, **furniture)
        leaving = run(Kiosk(Path(sys.argv[1]), house, windowed_size=size, **options), line)
    sys.exit(64 if leaving == "leave" else 0)
