"""A kiosk starts with what it needs for its first page, and with nothing of the centre's or the signal core's."""

import subprocess
import sys

HEAVY = ("numpy", "scipy", "sqlalchemy", "alembic", "nicegui", "matplotlib", "fontTools", "reportlab")


def test_a_kiosk_starts_without_stores_and_without_mathematics() -> None:
    loaded = (
        "import sys, kiosk.app, kiosk.sound, xinyi_kiosk; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & set(HEAVY) == set()
