"""Tests of this folder share `fleet_parts`; with import-mode=importlib its folder has to be on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
