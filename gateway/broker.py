"""The mosquitto of one site: its configuration, its command, its reload and the wait until it listens.

Two doors. Our own processes come by loopback with one random secret in a file that only this user may read; each may
write what is its own and read what is for it. Sites below come by TLS with their certificate, whose CN is user name and
client id at once: a site reaches its own topics, has one session, and cannot take a neighbour's. What is too large ends
the connection, what is too much is dropped: nothing relies on what a broker keeps (facts 0.2).
"""

import asyncio
import base64
import hashlib
import os
import secrets
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from gateway import topics
from gateway.disk import make_folder, write_durably
from gateway.errors import BrokerMissing
from gateway.link import BrokerAddress

PRODUCERS = ("room", *topics.KIOSKS, "console", "cli", topics.RELAY)
"""The relay is that of a site below, as the simulator of a whole district plays it; where there is a door for sites
below there is no such user: real ones come with a certificate.
"""
_SHOW = {"room", topics.RELAY}
"""Who writes live values."""
_HASH_ROUNDS = 101

MAX_PACKET_BYTES = 1 << 20
"""What is larger is refused and ends the connection (not `message_size_limit`: that reads up to 256 MiB first, and its
PUBACK has a reason code that MQTT 5 does not allow there)."""

_CONFIGURATION = """\
per_listener_settings false
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
pid_file {folder}/pid
persistence true
persistence_location {folder}/
autosave_interval 30
max_inflight_messages 1000
max_queued_messages 10000
max_queued_bytes 67108864
max_packet_size {max_packet_bytes}
memory_limit 536870912
set_tcp_nodelay true
connection_messages false
log_dest stderr
log_type error
log_type warning
{user}listener {port} 127.0.0.1
"""

_LISTENER_BELOW = """\
listener {below.port} {below.host}
cafile {below.ca}
certfile {below.certificate}
keyfile {below.key}
crlfile {below.crl}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
tls_version tlsv1.2
"""

_ACL_CENTRE = f"""\
user {topics.CENTRE}
topic readwrite xinyi/1/#
topic read $SYS/broker/#
"""

_ACL_PRODUCER = """
user {user}
topic write xinyi/1/{site}/up/+/{user}
topic read xinyi/1/{site}/down/+/{user}
topic write xinyi/1/{site}/state/{user}
topic write xinyi/1/{site}/state/{user}/#
topic read xinyi/1/+/state/#
topic {live} xinyi/1/{site}/live/#
"""

_ACL_WATCHER = """
user console
topic write xinyi/1/+/down/announce/+
topic write xinyi/1/{site}/down/request/room
topic read xinyi/1/{site}/up/answer/room
topic write xinyi/1/+/down/request/relay
topic read xinyi/1/+/up/answer/relay
topic read xinyi/1/+/live/#
"""
"""The console may ask who is there (`xinyi fleet watch`), ask the own room and those of sites below (`xinyi fleet
ask`), and read the answers. Nobody else but the centre may: what a request may be is in `gateway.remote`.
"""

# %u is the CN of the certificate. The last line has none, of which mosquitto warns at each start: it is meant.
_ACL_BELOW = """
pattern write xinyi/1/%u/up/#
pattern write xinyi/1/%u/state/#
pattern write xinyi/1/%u/live/#
pattern read xinyi/1/%u/down/#
pattern read xinyi/1/{site}/state/centre
"""


@dataclass(frozen=True, slots=True)
class SitesBelow:
    """The door for sites below (`gateway.trust.gate.door` makes one).

    Attributes:
        site: this site's id; those below may read the state of its centre.
        crl: certificates that were taken back; read at the start and at `reload_broker`.
    """

    site: str
    port: int
    ca: Path
    certificate: Path
    key: Path
    crl: Path
    host: str = "0.0.0.0"  # noqa: S104  # it is there for other machines; who has no certificate is not let in


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def broker_command(
    folder: Path, port: int, below: SitesBelow | None = None, *, max_packet_bytes: int = MAX_PACKET_BYTES
) -> list[str]:
    """Write the configuration of a site's broker; the command that runs it in the foreground.

    Args:
        folder: its own folder for configuration, secret and persistence; made when missing.
        port: loopback port.
        below: the door for sites below; without it nobody comes from outside.
        max_packet_bytes: larger packets are refused.

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
    producers = [user for user in PRODUCERS if not (below and user == topics.RELAY)]
    write_durably(
        folder / "passwords", "".join(_password_line(user, word) for user in (topics.CENTRE, *producers)).encode()
    )
    site = below.site if below else "+"
    acl = _ACL_CENTRE + "".join(
        _ACL_PRODUCER.format(user=user, site=site, live="write" if user in _SHOW else "read") for user in producers
    )
    acl += _ACL_WATCHER.format(site=site)
    if below:
        acl += _ACL_BELOW.format(site=below.site)
    write_durably(folder / "acl", acl.encode())
    configuration = folder / "mosquitto.conf"
    user = "user root\n" if os.geteuid() == 0 else ""  # else a mosquitto that root starts cannot read this folder
    text = _CONFIGURATION.format(port=port, folder=folder, user=user, max_packet_bytes=max_packet_bytes)
    if below:
        text += _LISTENER_BELOW.format(below=below)
    write_durably(configuration, text.encode())
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


def reload_broker(folder: Path) -> bool:
    """Let the running broker read ACL, certificates and the list of revoked ones again (SIGHUP); False: none runs.

    Connections go on: mosquitto 2.0 looks at the list only when somebody connects. `gateway.trust.gate` ends them.
    """
    try:
        pid = int((folder / "pid").read_text())
        if Path(f"/proc/{pid}/comm").read_text().strip() != "mosquitto":  # the number lives on after a power cut
            return False
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True


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
