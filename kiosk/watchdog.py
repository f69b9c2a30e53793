"""Tells systemd that the kiosk still draws: a word every few pictures from Kivy's own clock, so that a window that
hangs goes silent and is started anew (sd_notify(3): READY=1, WATCHDOG=1 as a datagram to NOTIFY_SOCKET).
"""

import os
import socket


class Watchdog:
    """`ready` once, `alive` again and again. Without systemd it says nothing."""

    def __init__(self, address: str | None = None) -> None:
        named = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        self._address = "\0" + named[1:] if named.startswith("@") else named
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) if named else None

    def ready(self) -> None:
        """The first picture stands."""
        self._say(b"READY=1")

    def alive(self) -> None:
        """Pictures are drawn."""
        self._say(b"WATCHDOG=1")

    def _say(self, word: bytes) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(word, self._address)
        except OSError:  # nobody listens: there is nobody to tell
            return
