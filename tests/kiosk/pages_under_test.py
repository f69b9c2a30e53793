"""Builds pages as they are drawn and says where every text, surface and target lies: JSON on stdout.

stdin: a list of cases {"name", "flow": fields of Flow, "frame": msgpack of a LiveFrame in base64 or null, "language",
"large", "size"}. No room is needed; a display is, because text is measured with the real typeface.
"""

import base64
import json
import sys

import msgspec

from gateway.live import LiveFrame
from kiosk import window
from kiosk.flow import Flow, Place
from kiosk.fonts import faces
from kiosk.pacing import SessionClock
from kiosk.texts import load
from kiosk.theme import Theme

window.set_up((320, 240))

from kivy.core.window import Window  # noqa: E402 (Kivy reads its configuration when it is imported)

from kiosk.screens.page import Desk  # noqa: E402
from kiosk.screens.pages import build  # noqa: E402
from kiosk.screens.waking import Waking  # noqa: E402
from kiosk.shapes import Panel, Target, Words, register, width_px  # noqa: E402


def case(asked):
    wide, high = asked["size"]
    theme = Theme.for_screen(wide, high, large=asked["large"])
    texts = load(asked["language"])
    if asked["flow"] == "waking":
        page = Waking(theme, (wide, high), texts, asks=True)
    else:
        flow = Flow("zh")
        frame = asked["frame"] and msgspec.msgpack.decode(base64.b64decode(asked["frame"]), type=LiveFrame)
        flow.watched = asked["flow"].get("watched", "")
        flow.heard(frame)
        for name, value in asked["flow"].items():
            setattr(flow, name, Place(value) if name == "wish" else value)
        flow.language, flow.large = asked["language"], asked["large"]
        desk = Desk(theme, (wide, high), texts, flow, SessionClock(), lambda _: None)
        page = build(flow.place, desk)
        page.show(flow.frame)
        page.tick(0, 0.0)
    words, panels, targets = [], [], []
    for widget in page.children[::-1]:
        box = [widget.x, high - widget.top, widget.width, widget.height]
        if isinstance(widget, Words) and widget.text.strip():
            widest = max(width_px(line, widget._size_px, widget._bold) for line in widget.lines)
            left = {"left": 0.0, "center": (widget.width - widest) / 2, "right": widget.width - widest}[widget._align]
            words.append(
                {
                    "text": widget.text,
                    "lines": widget.lines,
                    "ink": [box[0] + left, box[1], widest, box[3]],
                    "room": widget.width,
                    "size": widget._size_px / theme.scale,
                }
            )
        elif isinstance(widget, Target):
            targets.append(box)
        elif isinstance(widget, Panel):
            panels.append(box)
    place = "waking" if asked["flow"] == "waking" else str(flow.place)
    return {
        "name": asked["name"],
        "place": place,
        "scale": theme.scale,
        "words": words,
        "panels": panels,
        "targets": targets,
    }


if __name__ == "__main__":
    assert Window is not None
    register(faces())
    json.dump([case(asked) for asked in json.load(sys.stdin)], sys.stdout)
