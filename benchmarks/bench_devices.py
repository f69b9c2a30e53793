"""How much of a core do devices cost? Decoders against the rate of their line, and eight chairs with all channels.

    python -m benchmarks.bench_devices

Traffic is that of the twins, recorded in virtual time beforehand (`device_rig.py`), so only our own reading is
measured. Goals: every decoder reads 100 times faster than its device speaks; eight chairs take less than a quarter of a
core. The figure of the chairs is the CPU time of driver, event loop and time base, and of cable and firmware of the
simulation as well, which a real room does not have; system calls on real ports are not in it.
"""

import asyncio
import sys
import time

from benchmarks.decoders import home, targets, traffic
from benchmarks.device_rig import Play, play, recorded

FASTER, CHAIRS, SHARE = 100.0, 8, 0.25
SECONDS = 60.0
_LEAST_S = 0.3


def decoding(name: str) -> tuple[float, float]:
    """Bytes a second that the device sends, and that its decoder reads; (0, 0) where nobody speaks it."""
    target = targets()[name]
    said = list(traffic(name))
    if not said or not (target.streams or target.readers):
        return 0.0, 0.0
    size = sum(len(one.data) for one in said)
    line = size / max(1e-9, said[-1].at_s - said[0].at_s)
    read, began = 0, time.process_time()
    while (took := time.process_time() - began) < _LEAST_S:
        if target.streams:
            decoder = target.streams[0].make()
            for one in said:
                decoder.feed(one.data)
        else:
            for one in said:
                for reader in target.readers:
                    reader(one.data)
        read += size
    return line, read / took


def chairs() -> float:
    """Share of a core that eight chairs take, all channels, from bytes to events."""

    async def wait(_: Play) -> None:
        await asyncio.sleep(SECONDS)

    play("chair-link", wait)  # warm
    began = time.process_time()
    for seed in range(CHAIRS):
        play("chair-link", wait, seed=seed)
    return (time.process_time() - began) / SECONDS


def main() -> int:
    good = True
    print(f"{'decoder':<20}{'kind':<18}{'line, B/s':>12}{'read, B/s':>14}{'times faster':>14}")
    for name in targets():
        family = home(name)
        line, read = decoding(name)
        if family is None or not line:
            continue
        ratio = read / line
        good = good and ratio >= FASTER
        mark = "" if ratio >= FASTER else f"  goal {FASTER:g} not reached"
        print(f"{name:<20}{family.kind:<18}{line:>12,.0f}{read:>14,.0f}{ratio:>14,.0f}{mark}")
    recorded.cache_clear()
    share = chairs()
    good = good and share < SHARE
    print(f"\n{CHAIRS} chairs, all channels, with their simulation: {100 * share:.1f} % of a core (goal < {SHARE:.0%})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
