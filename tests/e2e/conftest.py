import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "gateway"), str(HERE.parent / "gateway" / "counter")]
