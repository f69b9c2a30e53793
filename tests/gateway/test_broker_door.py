"""`xinyi broker`: the private mosquitto of a site that runs for good, with nothing to prepare by hand."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway import topics
from gateway.broker import free_port, private_address, wait_until_listening
from gateway.link import BrokerAddress


@contextlib.contextmanager
def broker(data: Path, port: int) -> Iterator[None]:
    environment = {**os.environ, "XINYI_PATHS_DATA": str(data), "XINYI_BROKER_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "xinyi", "broker"], env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def answer(port: int, password: str) -> str:
    """What the broker says to the centre with this password."""
    said: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(topics.CENTRE, password)

    def heard(client: mqtt.Client, _userdata: object, _flags: object, reason: object, _properties: object) -> None:
        said.append(str(reason))
        client.disconnect()

    client.on_connect = heard
    client.connect("127.0.0.1", port)
    while not said:
        assert client.loop(5) in {mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_CONN_REFUSED}
    return said[0]


@pytest.mark.timeout(60)
async def test_lets_in_who_has_the_secret_of_its_folder_and_nobody_else(tmp_path: Path) -> None:
    port = free_port()
    with broker(tmp_path, port):
        await wait_until_listening(BrokerAddress("127.0.0.1", port, ""), 30)
        address = private_address(tmp_path / "broker", port)
        assert answer(port, address.password) == "Success"
        assert answer(port, "guess") == "Not authorized"
