"""Real time-series stores for a validation: InfluxDB 1 behind nginx, from deploy/influxdb, and VictoriaMetrics."""

import json
import shutil
import time
import urllib.parse
import urllib.request
from pathlib import Path

from gateway.broker import free_port

DEPLOY = Path(__file__).parents[1] / "deploy" / "influxdb"
TOKEN = "test-token"
BUCKET = "xinyi"


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    if not found:
        raise SystemExit(f"{name} is not installed; run: sudo apt install influxdb nginx victoria-metrics")
    return found


def influx_commands(folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Commands of database and proxy, and url, token, org, bucket."""
    commands, address, _ = influx_rig(folder)
    return commands, address


def influx_rig(folder: Path) -> tuple[dict[str, list[str]], list[str], str]:
    """The same, and where the database itself listens."""
    folder.mkdir()
    values = {
        "RUN_DIR": str(folder),
        "HTTP_PORT": str(free_port()),
        "RPC_PORT": str(free_port()),
        "LISTEN_PORT": str(free_port()),
        "TOKEN": TOKEN,
    }
    written = []
    for name in ("influxdb.conf", "nginx-write-api.conf"):
        text = (DEPLOY / name).read_text().split("\n", 3)[3]
        for key, value in values.items():
            text = text.replace(key, value)
        written.append(folder / name)
        written[-1].write_text(text)
    commands = {
        "influx": [program("influxd"), "-config", str(written[0])],
        "nginx": [program("nginx"), "-p", str(folder), "-c", str(written[1])],
    }
    address = [f"http://127.0.0.1:{values['LISTEN_PORT']}", TOKEN, "xinyi", BUCKET]
    return commands, address, f"http://127.0.0.1:{values['HTTP_PORT']}"


def make_bucket(url: str) -> None:
    """Make the database; again and again until the store is there."""
    deadline = time.monotonic() + 30
    while True:
        try:
            asked = urllib.parse.urlencode({"q": f"CREATE DATABASE {BUCKET}"}).encode()
            head = {"Authorization": f"Token {TOKEN}"}
            with urllib.request.urlopen(urllib.request.Request(f"{url}/query", data=asked, headers=head), timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def victoria_command(folder: Path, retention: str = "100y") -> tuple[list[str], list[str]]:
    """Command of a VictoriaMetrics that keeps one of equal points, and url, token, org, bucket."""
    port = free_port()
    command = [
        program("victoria-metrics"),
        f"-storageDataPath={folder}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-dedup.minScrapeInterval=1ms",
        f"-retentionPeriod={retention}",
        "-loggerLevel=ERROR",
    ]
    return command, [f"http://127.0.0.1:{port}", TOKEN, "xinyi", BUCKET]


def victoria_samples(url: str) -> int:
    """How many samples it holds."""
    asked = urllib.parse.urlencode({"match[]": '{__name__!=""}', "start": 0, "end": 4_000_000_000})
    with urllib.request.urlopen(f"{url}/api/v1/export?{asked}", timeout=60) as answer:
        return sum(len(json.loads(line)["values"]) for line in answer)
