"""All figures of the signal core against recordings: `make validate DATA=<folder>` (docs/signals.md: where they are).

Each part is a program of its own and prints its table and its gates; this one runs them in turn and fails if one fails.
"""

import argparse
import subprocess
import sys
from pathlib import Path

PARTS = {
    "R peaks (MIT-BIH)": "validate_ecg",
    "pulse (Welltory, BIDMC)": "validate_ppg",
    "RR, HRV, spectrum, coherence": "validate_rr",
    "skin conductance, breathing": "validate_slow",
}


def main() -> int:
    parser = argparse.ArgumentParser(description="the signal core against recordings")
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    if not options.data.is_dir():
        print(
            f"{options.data}: there is no such folder; docs/signals.md says where the recordings are", file=sys.stderr
        )
        return 2
    failed = []
    for title, module in PARTS.items():
        print(f"\n== {title}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{module}", "--data", str(options.data)]
        if subprocess.run(command, check=False).returncode:
            failed.append(title)
    print(f"\nnot reached: {', '.join(failed)}" if failed else "\nall gates reached")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
