"""Files come from a folder or over https, are checked, and go on where they stopped."""

import contextlib
import resource
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from release_parts import NOON, Machine

from gateway.releases.errors import DiskShort, FileTampered, SourceAway, SourceRefused
from gateway.releases.fetch import fetch
from gateway.releases.manifest import Release, read


class Server:
    """An https server of one folder, with a certificate of its own; it can cut answers off and knows ranges or not."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.asked: list[str] = []
        self.cut_at: int | None = None
        self.ranges = True
        self.redirect = ""
        self.padding = b""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.headers.get("Range", "all"))
                if server.redirect:
                    self.send_response(302)
                    self.send_header("Location", server.redirect)
                    self.end_headers()
                    return
                content = (source / self.path.lstrip("/")).read_bytes() + server.padding
                begin = 0
                if server.ranges and "Range" in self.headers:
                    begin = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                content = content[begin:]
                self.send_response(206 if begin else 200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with contextlib.suppress(OSError):  # who has heard enough goes away
                    self.wfile.write(content[: server.cut_at])

            def log_message(self, *_: object) -> None:
                pass

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        today = NOON.replace(year=2020)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(today)
            .not_valid_after(today + timedelta(days=36500))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.ca = folder / "server.pem"
        pem = serialization.Encoding.PEM
        self.ca.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(pem)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.address = f"https://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def release(machine: Machine) -> Release:
    return read(machine.release("0.2.0"))


@pytest.fixture
def server(machine: Machine) -> Iterator[Server]:
    serving = Server(machine.folder, machine.source)
    yield serving
    serving.close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "files"


def whole(machine: Machine, release: Release, target: Path) -> bool:
    return all(
        (target / file.name).read_bytes() == (machine.source / "0.2.0" / file.name).read_bytes()
        for file in release.files
    )


def test_over_https(machine: Machine, server: Server, release: Release, target: Path) -> None:
    fetch(server.address, release, target, str(server.ca))
    assert whole(machine, release, target)
    fetch(server.address, release, target, str(server.ca))
    assert server.asked == ["all", "all"], "what is there is not fetched again"


@pytest.mark.parametrize("ranges", [True, False])
def test_what_was_cut_off_goes_on_where_it_stopped(
    machine: Machine, server: Server, release: Release, target: Path, ranges: bool
) -> None:
    server.cut_at, server.ranges = 40, ranges
    with pytest.raises(SourceAway):
        fetch(server.address, release, target, str(server.ca))
    server.cut_at = None
    fetch(server.address, release, target, str(server.ca))
    assert whole(machine, release, target)
    assert server.asked[1] == "bytes=40-"


def test_a_wrong_beginning_is_fetched_anew(machine: Machine, server: Server, release: Release, target: Path) -> None:
    target.mkdir()
    (target / f"{release.files[1].name}.part").write_bytes(b"of another attempt")
    fetch(server.address, release, target, str(server.ca))
    assert whole(machine, release, target)


def test_a_disk_that_fills_up_is_one_line_and_what_came_is_kept(
    machine: Machine, release: Release, target: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30, hard))  # the kernel writes 30 bytes and no more
    try:
        with pytest.raises(DiskShort, match="free disk space"):
            fetch(machine.source.as_uri(), release, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    fetch(machine.source.as_uri(), release, target)
    assert whole(machine, release, target)


def test_more_than_was_signed_is_not_taken(server: Server, release: Release, target: Path) -> None:
    server.padding = b" " * 5_000_000
    with pytest.raises(FileTampered):
        fetch(server.address, release, target, str(server.ca))
    assert sum(path.stat().st_size for path in target.iterdir()) < 2_000_000


def test_a_server_that_nobody_vouches_for_gets_no_question(server: Server, release: Release, target: Path) -> None:
    with pytest.raises(SourceAway):
        fetch(server.address, release, target)
    assert server.asked == []


def test_a_redirect_is_not_followed(server: Server, release: Release, target: Path) -> None:
    server.redirect = "http://127.0.0.1:1/"
    with pytest.raises(SourceAway, match="answers 302"):
        fetch(server.address, release, target, str(server.ca))


@pytest.mark.parametrize("source", ["", "http://example.org", "ftp://example.org/x", "file://host/x", "/srv", "https:"])
def test_other_sources_are_refused(release: Release, target: Path, source: str) -> None:
    with pytest.raises(SourceRefused):
        fetch(source, release, target)
