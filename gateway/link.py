"""One MQTT 5 connection in one asyncio task: paho without its thread.

The thread of paho dies silently when a callback raises (facts 0.7), and a client that reconnects carries message ids
and an own queue over from the last connection. So each connection is a fresh paho client whose socket the event loop
watches; callbacks run in the loop, are guarded, and an acknowledgement belongs to the connection that delivered.
Sessions are persistent: fixed client id, `clean_start=False`, with expiry (facts 0.1). PUBACK means nothing to us.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.trust.errors import TrustError
from gateway.trust.tls import TlsFiles, client_context, explain, refusal_by

SESSION_EXPIRY_S = 7 * 24 * 3600
KEEPALIVE_S = 15
CONNECT_S = 5.0
WILL_DELAY_S = 5
_HEAD_BYTES = 16
"""Of a PUBLISH besides topic and payload, generously."""

Message = paho.MQTTMessage

_PACKETS_AT_ONCE = 200

log = logging.getLogger(__name__)


def _share_tables() -> None:
    """Paho 2.2 builds the same three tables anew for every message that it reads: 15 µs each (measured). Share them."""
    first = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho has no types here
    tables = {name: getattr(first, name) for name in ("types", "names", "properties")}

    def begin(properties: Properties, kind: int) -> None:
        vars(properties).update(tables, packetType=kind)

    Properties.__init__ = begin  # type: ignore[method-assign]


_share_tables()


class LinkLost(Exception):
    """The broker is out of reach, refused us, or the connection ended."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a site's broker listens. With `tls` the certificate says who we are; without password and `tls` the
    connection is anonymous.
    """

    host: str
    port: int
    password: str = field(default="", repr=False)
    tls: TlsFiles | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says, retained, when we are gone without a word."""

    topic: str
    payload: bytes


class Link:
    """Async context manager for one connection; when it is lost, make another.

    Args:
        address: the broker.
        client_id: fixed for the process's role at its site, so that the broker keeps its session.
        username: what the broker's ACL knows us by.
        on_message: called in the event loop for each message.
        window: unacknowledged messages at once, both ways.
        will: published by the broker a few seconds after we vanish.
        manual_ack: True: messages count as received only after `ack`.
        session_expiry_s: how long the broker keeps the session of one who has gone; 0 for viewers.

    Attributes:
        max_packet_bytes: what the broker takes at most in one packet; None: it did not say.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        username: str,
        on_message: Callable[[Message], None],
        window: int,
        will: Will | None = None,
        manual_ack: bool = False,
        session_expiry_s: int = SESSION_EXPIRY_S,
    ) -> None:
        self._address, self._on_message, self._window = address, on_message, window
        self._session_expiry_s = session_expiry_s
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=manual_ack
        )
        client.max_inflight_messages_set(window)
        client.connect_timeout = CONNECT_S
        if address.password:
            client.username_pw_set(username, address.password)
        if will:
            later = _properties(PacketTypes.WILLMESSAGE, WillDelayInterval=WILL_DELAY_S)
            client.will_set(will.topic, will.payload, qos=1, retain=True, properties=later)
        self._client, self._will = client, will
        self.max_packet_bytes: int | None = None
        self._subscriptions: dict[int | None, asyncio.Future[bool]] = {}

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._up: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[str] = self._loop.create_future()
        self._socket: socket.socket | None = None
        try:
            if self._address.tls:
                self._client.tls_set_context(client_context(self._address.tls))
            async with asyncio.timeout(2 * CONNECT_S):
                await self._open()
                await self._up
        except TrustError as error:
            self._drop()
            raise LinkLost(f"{self._address}: {error}") from error
        except ssl.SSLError as error:
            self._drop()
            raise LinkLost(f"{self._address} and we do not trust each other: {explain(str(error))}") from error
        except (OSError, TimeoutError, ValueError) as error:
            self._drop()
            refusal = await asyncio.to_thread(refusal_by, self._address.host, self._address.port, self._address.tls)
            if refusal:
                raise LinkLost(f"{self._address} refuses us: {refusal}") from error
            raise LinkLost(f"{self._address} does not answer ({str(error) or 'time-out'})") from error
        except BaseException:
            self._drop()
            raise
        self._care = asyncio.create_task(self._keep_alive())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._care.cancel()
        if self._will and not self._lost.done():
            self.publish(self._will.topic, self._will.payload, retain=True)
        if not self._lost.done():
            self._client.disconnect()
            self._client.loop_write()  # with a loop of our own paho only queues; a will must not speak for a clean end
        self._drop()

    async def lost(self) -> str:
        """Wait until the connection has ended; the reason."""
        return await asyncio.shield(self._lost)

    async def until(self, event: asyncio.Event | None = None, timeout_s: float | None = None) -> None:
        """Wait until an event is set, or so many seconds are over.

        Raises:
            LinkLost: the connection has ended.
        """
        waits: set[asyncio.Future[Any]] = {asyncio.ensure_future(self.lost())}
        if event is not None:
            waits.add(asyncio.ensure_future(event.wait()))
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        self.check()

    def publish_if_up(self, topic: str, payload: bytes) -> None:
        """The same for a timer that may come after the connection's end."""
        if not self._lost.done():
            self.publish(topic, payload)

    def check(self) -> None:
        """Raise LinkLost when the connection has ended."""
        if self._lost.done():
            raise LinkLost(self._lost.result())

    async def subscribe(self, *topics: str) -> None:
        """Subscribe with QoS 1 and wait for the broker's word.

        Raises:
            LinkLost: refused, or the connection ended.
        """
        code, mid = self._client.subscribe([(topic, 1) for topic in topics])
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkLost(f"{self._address}: cannot subscribe ({paho.error_string(code)})")
        granted = self._subscriptions[mid] = self._loop.create_future()
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.wait({granted, self._lost}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise LinkLost(f"{self._address} does not answer a subscription") from error
        self.check()
        if not granted.result():
            raise LinkLost(f"{self._address} refuses {', '.join(topics)}: check the broker's ACL")

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None, qos: int = 1
    ) -> None:
        """Send. Whether it arrived only a receipt tells. What is larger than the broker takes stays here: it would end
        the connection each time (MQTT 5, 3.2.2.3.6). With QoS 0 nothing queues: while the socket takes no more, or
        the connection has ended, it is dropped.
        """
        if qos == 0:
            if self._client.want_write():  # perhaps only because this turn of the loop has said something already
                self._write()
            if self._lost.done() or self._client.want_write():
                return
        if self.max_packet_bytes and len(payload) + len(topic.encode()) + _HEAD_BYTES > self.max_packet_bytes:
            log.error("a message of %d bytes on %s is more than the broker takes; it is not sent", len(payload), topic)
            return
        properties = None if expiry_s is None else _properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry_s)
        self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)

    def ack(self, *messages: Message) -> None:
        """Tell the broker that it may forget messages of this connection; many go out in one segment."""
        sock = self._socket
        corked = len(messages) > 1 and isinstance(sock, socket.socket)
        if corked and sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for message in messages:
            self._client.ack(message.mid, message.qos)
        if corked and sock and sock.fileno() >= 0:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    async def _open(self) -> None:
        properties = _properties(
            PacketTypes.CONNECT, SessionExpiryInterval=self._session_expiry_s, ReceiveMaximum=self._window
        )

        def connect() -> None:
            self._client.connect(
                self._address.host, self._address.port, KEEPALIVE_S, clean_start=False, properties=properties
            )

        task = self._loop.run_in_executor(None, connect)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._too_late)
            raise
        sock = self._client.socket()
        if not isinstance(sock, socket.socket):
            raise OSError("the connection was closed at once")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else Nagle holds a receipt back for 40 ms
        # A half-open link is known half a keep-alive after something was sent; paho alone takes two of them.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(KEEPALIVE_S * 500))
        self._socket = sock
        # Only now: what the connecting thread does must not call us back.
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._received
        self._client.on_socket_close = self._closed
        self._client.on_socket_register_write = self._wants_to_write
        self._client.on_socket_unregister_write = self._has_written
        self._loop.add_reader(sock, self._read)
        if self._client.want_write():
            self._loop.add_writer(sock, self._write)
        self._read_on()

    def _too_late(self, connecting: asyncio.Future[None]) -> None:
        """We were cancelled while a thread was connecting: close what it has opened."""
        if not connecting.cancelled() and connecting.exception() is None:
            self._drop()

    def _read(self) -> None:
        """Everything that is there, up to a bound: paho reads one packet a call, and a turn of the loop costs more."""
        for _ in range(_PACKETS_AT_ONCE):
            self._after(self._client.loop_read())
            if self._lost.done() or not self._has_more():
                return
        self._read_on()

    def _has_more(self) -> bool:
        sock = self._client.socket()
        if isinstance(sock, ssl.SSLSocket):
            return bool(sock.pending())
        try:
            return isinstance(sock, socket.socket) and sock.recv(1, socket.MSG_PEEK) is not None
        except OSError:
            return False

    def _read_on(self) -> None:
        """TLS may hold decrypted bytes of which the loop knows nothing: come back, but let others have their turn."""
        sock = self._client.socket()
        if isinstance(sock, ssl.SSLSocket) and not self._lost.done() and sock.pending():
            self._loop.call_soon(self._read)

    def _write(self) -> None:
        self._after(self._client.loop_write())

    def _after(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(paho.error_string(code))

    async def _keep_alive(self) -> None:
        while not self._lost.done():
            self._after(self._client.loop_misc())
            await asyncio.sleep(1)

    def _end(self, reason: str) -> None:
        if not self._lost.done():
            self._lost.set_result(f"{self._address}: {reason}")

    def _drop(self) -> None:
        """Let go of the socket, whatever state the connection is in."""
        self._end("closed by us")
        if not self._up.cancel() and not self._up.cancelled():
            self._up.exception()  # looked at, so that asyncio does not call it forgotten
        sock = self._client.socket() or self._socket
        if isinstance(sock, socket.socket):
            self._release(sock)
            with contextlib.suppress(OSError):
                sock.close()

    def _release(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    def _connected(self, _c: Any, _u: Any, _flags: Any, reason: ReasonCode, properties: Properties | None) -> None:
        if self._up.done():
            return
        if reason.is_failure:
            self._up.set_exception(LinkLost(f"{self._address} refuses us: {reason}"))
        else:
            self.max_packet_bytes = getattr(properties, "MaximumPacketSize", None)
            self._up.set_result(None)

    def _disconnected(self, _c: Any, _u: Any, _flags: Any, reason: ReasonCode, _p: Any) -> None:
        self._end(str(reason))
        if not self._up.done():
            self._up.set_exception(ConnectionError(str(reason)))

    def _subscribed(self, _c: Any, _u: Any, mid: int, reasons: list[ReasonCode], _p: Any) -> None:
        waiting = self._subscriptions.pop(mid, None)
        if waiting and not waiting.done():
            waiting.set_result(not any(reason.is_failure for reason in reasons))

    def _received(self, _c: Any, _u: Any, message: Message) -> None:
        try:
            self._on_message(message)
        except Exception:
            log.exception("a message on %s was not understood; the link goes on", message.topic)

    def _closed(self, _c: Any, _u: Any, sock: Any) -> None:
        self._release(sock)
        self._end("connection closed")

    def _wants_to_write(self, _c: Any, _u: Any, sock: Any) -> None:
        self._loop.add_writer(sock, self._write)

    def _has_written(self, _c: Any, _u: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)


def _properties(kind: int, **values: int) -> Properties:
    properties = Properties(kind)  # type: ignore[no-untyped-call] # paho has no types here
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
