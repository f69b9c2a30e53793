"""A process with a real player on SDL's disk driver: plays what it is told and says what it sees, as JSON lines.

Arguments: the file that SDL writes, the folder of WAV files, and the steps. SDL reads its variables when it is loaded.
"""

import json
import os
import sys
import time
from pathlib import Path

LENGTHS = {"hiss": (3.0, False), "tone": (2.0, True), "bell": (0.5, True)}


def main(driver, heard, folder, steps):
    if driver:
        os.environ["SDL_AUDIODRIVER"] = driver
    os.environ.update(SDL_DISKAUDIOFILE=heard, KIVY_NO_ARGS="1", KIVY_NO_FILELOG="1", KIVY_NO_CONSOLELOG="1")
    os.environ["KIVY_HOME"] = str(folder)

    from kivy.clock import Clock

    from kiosk.sound import NoSound, Player, Track

    def find(key):
        if key not in LENGTHS:
            raise NoSound("no_file")
        seconds, ends = LENGTHS[key]
        return Track(folder / f"{key}.wav", seconds, ends, overlap_s=1.5)

    player = Player(find, volume=1.0)
    for name, *arguments in steps:
        if name == "wait":
            until = time.monotonic() + arguments[0]
            while time.monotonic() < until:
                Clock.tick()
                time.sleep(0.005)
            continue
        if name == "volume":
            player.volume = arguments[0]
        elif name == "settle":  # until what was asked for has come to something
            while not player.problem and not player._strands:
                Clock.tick()
                time.sleep(0.005)
        else:
            options = {"fade_s": arguments.pop()} if name in {"play", "stop"} else {}
            getattr(player, name)(*arguments, **options)
    print(json.dumps({"playing": player.playing, "problem": player.problem, "volume": player.volume}))
    player.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4]))
