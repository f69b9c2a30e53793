"""A private mosquitto for one site: its configuration, its command and the wait until it listens.

Loopback only, one random secret in a file that only this user may read, and an ACL in which a producer can write its
own `up` and `state` topics and read its own receipts. Persistence is on for comfort; nothing relies on it (facts 0.2).
"""

import asyncio
import base64
import hashlib
import os
import secrets
import shutil
import socket
from pathlib import Path

from gateway import topics
from gateway.disk import make_folder, write_durably
from gateway.errors import BrokerMissing
from gateway.link import BrokerAddress

PRODUCERS = ("room", "kiosk", "console", topics.RELAY)
"""The relay of a site below, as the simulator of a whole district plays it; real ones come with a certificate."""
_HASH_ROUNDS = 101

_CONFIGURATION = """\
per_listener_settings false
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence true
persistence_location {folder}/
autosave_interval 30
max_inflight_messages 200
max_queued_messages 10000
set_tcp_nodelay true
connection_messages false
log_dest stderr
log_type error
log_type warning
{user}"""

_ACL_CENTRE = f"""\
user {topics.CENTRE}
topic readwrite xinyi/1/#
"""

_ACL_PRODUCER = """
user {user}
topic write xinyi/1/+/up/+/{user}
topic read xinyi/1/+/down/receipt/{user}
topic write xinyi/1/+/state/{user}
topic write xinyi/1/+/state/{user}/birth
topic write xinyi/1/+/state/{user}/health
topic read xinyi/1/+/state/#
topic read xinyi/1/+/down/announce/{user}
"""

_ACL_WATCHER = """
user console
topic write xinyi/1/+/down/announce/+
"""
"""The console may ask who is there (`xinyi fleet watch`)."""


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def broker_command(folder: Path, port: int) -> list[str]:
    """Write the configuration of a private broker; the command that runs it in the foreground.

    Args:
        folder: its own folder for configuration, secret and persistence; made when missing.
        port: loopback port.

    Raises:
        BrokerMissing: mosquitto is not installed.
        StoreUnwritable: the folder cannot be written.
    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise BrokerMissing("mosquitto", "is not installed", "run: sudo apt install mosquitto")
    make_folder(folder)
    folder = folder.resolve()
    secret = folder / "secret"
    if not secret.exists():
        write_durably(secret, secrets.token_urlsafe(24).encode())
    word = secret.read_text()
    write_durably(
        folder / "passwords", "".join(_password_line(user, word) for user in (topics.CENTRE, *PRODUCERS)).encode()
    )
    acl = _ACL_CENTRE + "".join(_ACL_PRODUCER.format(user=user) for user in PRODUCERS) + _ACL_WATCHER
    write_durably(folder / "acl", acl.encode())
    configuration = folder / "mosquitto.conf"
    user = "user root\n" if os.geteuid() == 0 else ""  # else a mosquitto that root starts cannot read this folder
    write_durably(configuration, _CONFIGURATION.format(port=port, folder=folder, user=user).encode())
    return [program, "-c", str(configuration)]


def private_address(folder: Path, port: int) -> BrokerAddress:
    """Where the broker of this folder listens, with its secret.

    Raises:
        BrokerMissing: `broker_command` was never called for this folder.
    """
    secret = folder / "secret"
    if not secret.exists():
        raise BrokerMissing(folder, "has no broker", "start the site first")
    return BrokerAddress("127.0.0.1", port, secret.read_text())


async def wait_until_listening(address: BrokerAddress, timeout_s: float = 10.0) -> None:
    """Wait until the broker accepts connections.

    Raises:
        BrokerMissing: it does not within the time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    _, writer = await asyncio.open_connection(address.host, address.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
    except TimeoutError as error:
        raise BrokerMissing(
            str(address), f"no broker answers after {timeout_s:g} s", "look at its log, or whether the port is taken"
        ) from error


def _password_line(user: str, word: str) -> str:
    """A line of mosquitto's password file, type 7: PBKDF2-SHA512 (mosquitto_passwd(1))."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", word.encode(), salt, _HASH_ROUNDS)
    return f"{user}:$7${_HASH_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"
