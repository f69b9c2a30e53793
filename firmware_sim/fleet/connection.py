"""One MQTT 5 connection of a simulated room, in an event loop that carries hundreds: paho without its thread.

As a real room connects (facts on the bus): fixed client id, no clean start, a session that expires after a week, a
will on its state topic. What it publishes has QoS 1, and PUBACK means nothing to it.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

_EXPIRY_S = 7 * 24 * 3600
_KEEPALIVE_S = 15
_CONNECT_S = 10.0


class BrokerAway(Exception):
    """The broker does not answer or refuses. One line."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker listens; without a password the connection is anonymous."""

    host: str
    port: int
    password: str = ""


class Connection:
    """One connection; when it is lost, make another.

    Attributes:
        up: the broker has accepted it and it has not ended.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        username: str,
        will: tuple[str, bytes],
        heard: Callable[[str, bytes], None],
    ) -> None:
        self.up = False
        self._broker, self._heard = broker, heard
        self._answered = asyncio.Event()
        self._refusal = ""
        self._sock: socket.socket | None = None
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5)
        client.max_inflight_messages_set(200)
        if broker.password:
            client.username_pw_set(username, broker.password)
        client.will_set(*will, qos=1, retain=True)
        self._client = client

    async def open(self, topics: list[str]) -> None:
        """Connect and subscribe.

        Raises:
            BrokerAway: no answer, or a refusal.
        """
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho has no types here
        properties.SessionExpiryInterval = _EXPIRY_S
        loop = asyncio.get_running_loop()
        where = f"{self._broker.host}:{self._broker.port}"
        try:
            await loop.run_in_executor(
                None,
                lambda: self._client.connect(
                    self._broker.host, self._broker.port, _KEEPALIVE_S, clean_start=False, properties=properties
                ),
            )
        except OSError as error:
            raise BrokerAway(f"{where}: no broker answers ({error.strerror or error})") from error
        sock = self._client.socket()
        if not isinstance(sock, socket.socket):
            raise BrokerAway(f"{where}: the connection was closed at once")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._ended
        self._client.on_message = self._received
        self._client.on_socket_close = self._closed
        self._client.on_socket_register_write = self._wants_to_write
        self._client.on_socket_unregister_write = self._has_written
        loop.add_reader(sock, self._client.loop_read)
        if self._client.want_write():
            loop.add_writer(sock, self._client.loop_write)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._answered.wait()
        except TimeoutError:
            self.close()
            raise BrokerAway(f"{where}: no answer to a connection within {_CONNECT_S:g} s") from None
        if not self.up:
            self.close()
            raise BrokerAway(f"{where}: {self._refusal}")
        self._client.subscribe([(topic, 1) for topic in topics])

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send with QoS 1."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def care(self) -> None:
        """Keep-alive; to be called about once a second."""
        if self.up and self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.up = False

    def close(self) -> None:
        """Say goodbye, and let go of the socket."""
        if self.up:
            self._client.disconnect()
            self._client.loop_write()
        self.up = False
        if self._sock is not None:
            self._release(self._sock)
            with contextlib.suppress(OSError):
                self._sock.close()
            self._sock = None

    def _connected(self, _c: Any, _u: Any, _flags: Any, reason: Any, _p: Any) -> None:
        self.up = not reason.is_failure
        self._refusal = f"refuses us: {reason}"
        self._answered.set()

    def _ended(self, _c: Any, _u: Any, _flags: Any, reason: Any, _p: Any) -> None:
        self.up = False
        self._refusal = self._refusal or str(reason)
        self._answered.set()

    def _received(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        self._heard(message.topic, bytes(message.payload))

    def _wants_to_write(self, _c: Any, _u: Any, sock: Any) -> None:
        asyncio.get_running_loop().add_writer(sock, self._client.loop_write)

    def _has_written(self, _c: Any, _u: Any, sock: Any) -> None:
        asyncio.get_running_loop().remove_writer(sock)

    def _closed(self, _c: Any, _u: Any, sock: Any) -> None:
        self._release(sock)
        self.up = False
        self._answered.set()

    def _release(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(sock)
            loop.remove_writer(sock)
