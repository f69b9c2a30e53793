"""A site that floods: QoS 1 as fast as it goes, no receipts awaited, until the broker ends the connection.

Usage: run_flood.py HOST PORT CA CERTIFICATE-AND-KEY TOPIC. No code of ours: somebody hostile would use none.
"""

import ssl
import sys

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


def main(host: str, port: str, ca: str, identity: str, topic: str) -> None:
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(identity)
    client = Client(CallbackAPIVersion.VERSION2, "relay", protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set_context(context)
    client.max_inflight_messages_set(500)
    acknowledged: list[int] = []
    client.on_publish = lambda _client, _userdata, mid, *_: acknowledged.append(mid)
    client.connect(host, int(port))
    while not client.is_connected():
        client.loop()
    sent = 0
    while client.is_connected():
        while sent - len(acknowledged) < 500 and client.is_connected():
            client.publish(topic, b"%d" % sent + bytes(200), qos=1)
            sent += 1
        client.loop(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
