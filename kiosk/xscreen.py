"""What the X server says of its screen: how large it is, and whether a window manager is there; and what it is told to
forget.

A kiosk often runs on a bare X server. There SDL's own full screen gets no touches (measured with Kivy 2.3.1 under
Xvfb), so a borderless window of the screen's size takes its place. libX11 is what
SDL itself draws through; nothing is installed for this. Functions: Xlib manual, EWMH (_NET_SUPPORTING_WM_CHECK).
"""

import ctypes
import ctypes.util
from dataclasses import dataclass

XA_WINDOW = 33


@dataclass(frozen=True, slots=True)
class XScreen:
    """Size in pixels, and whether windows are managed."""

    width: int
    height: int
    managed: bool


def x_screen() -> XScreen | None:
    """The screen of $DISPLAY, or None when there is no X server or no libX11."""
    name = ctypes.util.find_library("X11")
    if name is None:
        return None
    x11 = ctypes.CDLL(name)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    x11.XInternAtom.restype = ctypes.c_ulong
    handle = x11.XOpenDisplay(None)
    if not handle:
        return None
    display = ctypes.c_void_p(handle)
    try:
        screen = x11.XDefaultScreen(display)
        size = x11.XDisplayWidth(display, screen), x11.XDisplayHeight(display, screen)
        return XScreen(*size, managed=_managed(x11, display))
    finally:
        x11.XCloseDisplay(display)


def _managed(x11: ctypes.CDLL, display: ctypes.c_void_p) -> bool:
    """A window manager leaves the id of a window of its own on the root window."""
    root = ctypes.c_ulong(x11.XDefaultRootWindow(display))
    check = ctypes.c_ulong(x11.XInternAtom(display, b"_NET_SUPPORTING_WM_CHECK", 0))
    kind, bits = ctypes.c_ulong(), ctypes.c_int()
    count, left = ctypes.c_ulong(), ctypes.c_ulong()
    found = ctypes.c_void_p()
    x11.XGetWindowProperty(
        display,
        root,
        check,
        ctypes.c_long(0),
        ctypes.c_long(1),
        0,
        ctypes.c_ulong(XA_WINDOW),
        ctypes.byref(kind),
        ctypes.byref(bits),
        ctypes.byref(count),
        ctypes.byref(left),
        ctypes.byref(found),
    )
    if found.value is not None:
        x11.XFree(found)
    return count.value > 0


def forget_selections() -> None:
    """Nobody owns the clipboard and the selections any more, and the old cut buffer is empty.

    Kivy's own clipboard starts programs (xclip, xsel) to see whether they are there, and reaches one selection only.
    """
    name = ctypes.util.find_library("X11")
    if name is None:
        return
    x11 = ctypes.CDLL(name)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = x11.XDefaultRootWindow.restype = ctypes.c_ulong
    handle = x11.XOpenDisplay(None)
    if not handle:
        return
    display = ctypes.c_void_p(handle)
    try:
        for each in (b"PRIMARY", b"SECONDARY", b"CLIPBOARD"):
            x11.XSetSelectionOwner(display, ctypes.c_ulong(x11.XInternAtom(display, each, 0)), ctypes.c_ulong(0), 0)
        root = ctypes.c_ulong(x11.XDefaultRootWindow(display))
        x11.XDeleteProperty(display, root, ctypes.c_ulong(x11.XInternAtom(display, b"CUT_BUFFER0", 0)))
    finally:
        x11.XCloseDisplay(display)
