"""A producer as a process of its own, for tests that kill it: HOST PORT PASSWORD FOLDER BOOT COUNT.

Prints each id after its put has returned; ends when COUNT records were put and everything is receipted.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from gateway_parts import SITE, a_session, chunk

from gateway.keys import Keyring
from gateway.link import BrokerAddress
from gateway.outbox import Outbox
from gateway.uplink import Uplink


async def main() -> None:
    host, port, password, folder, boot, count = sys.argv[1:]
    keyring = Keyring.open(Path(folder) / "keys")
    outbox = Outbox(Path(folder) / "outbox.sqlite", keyring, site=SITE, producer="room", boot=boot)
    uplink = Uplink(outbox, BrokerAddress(host, int(port), password), window=16, resend_s=0.5)
    running = asyncio.create_task(uplink.run())
    session = a_session()
    for number in range(1, int(count) + 1):
        print(await asyncio.to_thread(outbox.put, chunk(session, number), made_utc_ns=number), flush=True)
    while outbox.counts().waiting:
        await uplink.changed()
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main())
