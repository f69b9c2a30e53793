"""The sounds of the house as files, made once and kept in the user's cache folder (about 90 MB, half a minute).

`python -m kiosk.sound_files` makes what is missing; set-up runs it, and a kiosk that misses one runs it for that one,
as a process of its own so that the screen goes on (`kiosk/sound.py`).
"""

import os
import sys
import tempfile
from pathlib import Path

import platformdirs

from care.sounds import Sound, sounds, wav


def home() -> Path:
    """Where they are kept."""
    return Path(platformdirs.user_cache_dir("xinyi")) / "sounds"


def place(sound: Sound, folder: Path | None = None) -> Path:
    """Where a sound is, or will be."""
    return (folder or home()) / f"{sound.stem}.wav"


def make(sound: Sound, folder: Path | None = None) -> Path:
    """The file of a sound, made if it is not there yet; two processes never see half of one.

    Raises:
        OSError: the folder cannot be written.
    """
    path = place(sound, folder)
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(wav(sound))
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def main(keys: list[str], folder: Path | None = None) -> str:
    """Make these sounds, or all, and put away what an older version made.

    Returns:
        What went wrong, in one line; "" is nothing.
    """
    wanted = [sounds()[key] for key in keys] if keys else list(sounds().values())
    try:
        for sound in wanted:
            make(sound, folder)
        current = {place(sound, folder) for sound in sounds().values()}
        for old in set((folder or home()).glob("*.wav")) - current:
            old.unlink(missing_ok=True)
    except OSError as error:
        return (
            f"xinyi kiosk: sounds cannot be kept in {folder or home()} ({error.strerror}); the kiosk stays without them"
        )
    return ""


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # whoever stands at the screen comes first
    sys.exit(main(sys.argv[1:]) or None)
