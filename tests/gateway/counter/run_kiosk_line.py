"""A kiosk's line as a process of its own, for tests that kill it: CONFIG COUNT. Prints each id after it is kept."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from gateway.client import KioskLine
from gateway.config import load
from gateway.messages import ContentViewed


async def main() -> None:
    async with KioskLine.of(load(Path(sys.argv[1]))) as line:
        for number in range(int(sys.argv[2])):
            print(line.keep(ContentViewed("sleep", 1, "zh", 1 + number, 60)), flush=True)
            await asyncio.sleep(0.02)
        while line.waiting:
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main())
