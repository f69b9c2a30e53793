"""Kivy set up for a public screen, before its window is opened: nothing of a person's own, nothing to escape through.

Everything comes from here and not from a file of the user's (KIVY_NO_CONFIG). One input provider only, the pointer of
the X server: a panel that is read twice taps twice (Kivy issues #1903, #3801, #8494). On Linux Kivy 2.3.1 leaves SDL's
own fingers out, so a finger on a panel is one touch [measured with Xorg's inputtest driver]. Facts: documentation of
`kivy.config`.
"""

import os
import socket
import tempfile
from pathlib import Path

import platformdirs

from kiosk.xscreen import x_screen

FPS = 30
"""Of what moves."""

TURNS = 50
"""Turns of the loop in a second, as Kivy is told; it makes a fifth more. A finger waits for two of them; what stands
still is not drawn again."""


def display_problem() -> str:
    """Why no window can be opened, with what to do, or "" when there is a display."""
    display = os.environ.get("DISPLAY", "")
    if not display and os.environ.get("WAYLAND_DISPLAY"):
        return "there is Wayland only, and Kivy's own SDL draws on X; give the compositor Xwayland (package: xwayland)"
    if not display:
        return "DISPLAY is not set; start the kiosk in the screen's own session, or set DISPLAY=:0"
    if not _answers(display):
        return f"nothing answers at DISPLAY={display}; is the screen's session running?"
    return ""


def _answers(display: str) -> bool:
    host, _, number = display.rpartition(":")
    server = number.split(".", maxsplit=1)[0]
    if not server.isdigit():
        return False
    if host and host != "unix":
        try:
            socket.create_connection((host, 6000 + int(server)), timeout=2).close()
        except OSError:
            return False
        return True
    for address in (f"\0/tmp/.X11-unix/X{server}", f"/tmp/.X11-unix/X{server}"):  # noqa: S108 (where X11 is)
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(address)
            except OSError:
                continue
            return True
    return False


def _own_home() -> Path:
    home = Path(platformdirs.user_cache_dir("xinyi")) / "kivy"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if os.access(home, os.W_OK):
            return home
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="xinyi-kivy-"))


def set_up(windowed_size: tuple[int, int] | None) -> None:
    """Environment and configuration of Kivy; to be called before anything of Kivy is imported.

    Args:
        windowed_size: a window of that many pixels, or None for the whole screen.
    """
    os.environ.update(
        KIVY_NO_ARGS="1",
        KIVY_NO_FILELOG="1",
        KIVY_NO_CONFIG="1",
        KIVY_NO_ENV_CONFIG="1",
        KIVY_LOG_MODE="PYTHON",
    )
    os.environ["KIVY_HOME"] = str(_own_home())
    from kivy.config import Config

    values: dict[str, dict[str, int | str]] = {
        "kivy": {"exit_on_escape": 0, "desktop": 0, "log_level": "warning", "pause_on_minimize": 0},
        "graphics": {"maxfps": TURNS, "resizable": 0, "multisamples": 0, "allow_screensaver": 0, "vsync": 0},
    }
    if windowed_size:
        values["graphics"] |= {"width": windowed_size[0], "height": windowed_size[1], "fullscreen": 0}
    else:
        screen = x_screen()
        values["graphics"] |= {"borderless": 1, "show_cursor": 0}
        if screen and not screen.managed:
            values["graphics"] |= {"fullscreen": 0, "position": "custom", "left": 0, "top": 0}
            values["graphics"] |= {"width": screen.width, "height": screen.height}
        else:
            values["graphics"] |= {"fullscreen": "auto"}
    for section, pairs in values.items():
        for key, value in pairs.items():
            Config.set(section, key, value)
    for key, _ in Config.items("input"):
        Config.remove_option("input", key)
    Config.set("input", "mouse", "mouse,disable_on_activity,disable_multitouch,disable_hover")
