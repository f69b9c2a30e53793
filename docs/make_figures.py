"""Makes every figure of the docs, from the committed recordings and the simulator.

    python docs/make_figures.py [--only NAME]

The figures go to docs/figures/. Look at them before you commit them.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import figure_style as look  # noqa: E402
import figures_score  # noqa: E402
import figures_signals  # noqa: E402
import figures_sounds  # noqa: E402


def main() -> None:
    makers = (*figures_signals.ALL, *figures_score.ALL, *figures_sounds.ALL)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[maker.__name__ for maker in makers])
    only = parser.parse_args().only
    look.use([*sorted(HERE.glob("*.py")), HERE.parent / "care" / "sounds.toml"])
    folder = HERE / "figures"
    folder.mkdir(exist_ok=True)
    for maker in makers:
        if only in {None, maker.__name__}:
            path = maker(folder)
            print(f"{path.relative_to(HERE.parent)}  {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
