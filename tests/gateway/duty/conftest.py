"""The parts of the tests of duty are in `duty_parts.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
