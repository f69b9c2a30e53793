"""Coverage-guided fuzzing of every decoder: is there any input that makes one raise, hoard, miscount or lose its way?

    python -m benchmarks.fuzz_decoders --minutes 10 [--target NAME ...] [--jobs 2] [--inputs 1000000] [--json FILE]

Atheris (libFuzzer) in a process per protocol; only `devices.protocols` and the door of a centre (target "messages") are
instrumented, so edges are the decoders' own; what msgspec does in C is not seen.
A target ends when it has run for so long, has read so many inputs, and has found no new edge in the last fifth of its
time (two minutes of ten). The corpus is kept in `--corpus` and begins with what the twins say; inputs and minutes are
added up there as long as no decoder is changed, so a run that was broken off goes on where it was. Prints a line per
target; ends with 1 when there was a crash, or a target came to no rest. A run of fewer minutes or inputs is a try: its
lines say "tried", its last line that the rule (ten minutes, a million inputs, two minutes without a new edge) was not
applied.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from queue import Empty, Queue
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "build" / "fuzz"
MINUTES, INPUTS = 10.0, 1_000_000
QUIET_SHARE = 0.2
LONGEST_SHARE = 3.0
"""A target that still finds edges is given up after so many times its minutes."""
_STATUS = re.compile(rb"#(\d+)\s+(\w+)\s+cov: (\d+)")
_ONE_INPUT_S = 10
_SAVE_S = 5.0
_SIZES = (0, 1, 7, 20)


@dataclass
class Outcome:
    """What became of one target.

    Attributes:
        inputs, minutes: how many were read in which time, earlier runs of the same decoders included.
        edges: of the code that were reached.
        quiet_min: minutes since the last new one.
        crash: the message, "" where there was none.
        reproducer: the file that holds the input.
        rested: long enough, inputs enough, and no new edge for a while: by what was asked for.
        by_rule: what was asked for is no less than the rule.
    """

    target: str
    inputs: int = 0
    edges: int = 0
    minutes: float = 0.0
    quiet_min: float = 0.0
    crash: str = ""
    reproducer: str = ""
    rested: bool = False
    by_rule: bool = True

    def load(self, ledger: Path) -> None:
        """Go on with the sums of earlier runs, if the decoders are the same."""
        try:
            before = json.loads(ledger.read_text("utf-8"))
        except (OSError, ValueError):
            return
        if before["decoders"] == _digest():
            self.inputs, self.minutes = before["inputs"], before["minutes"]

    def save(self, ledger: Path) -> None:
        sums = {"decoders": _digest(), "inputs": self.inputs, "minutes": self.minutes}
        ledger.write_text(json.dumps(sums), "utf-8")

    @property
    def good(self) -> bool:
        return self.rested and not self.crash

    def __str__(self) -> str:
        reached = "pass" if self.by_rule else "tried"
        line = (
            f"{reached if self.good else 'FAIL':5} {self.target:20} {self.inputs:>10,} inputs  {self.edges:>4} edges  "
            f"{self.minutes:5.1f} min, none new in the last {self.quiet_min:.1f}"
        )
        return f"{line}\n      {self.crash}\n      {self.reproducer}" if self.crash else line


def _is_rule(minutes: float, inputs: int) -> bool:
    return minutes >= MINUTES and inputs >= INPUTS


@cache
def _digest() -> str:
    """Of everything that is fuzzed."""
    files = sorted((ROOT / "devices" / "protocols").rglob("*.py"))
    files += [ROOT / "gateway" / f"{name}.py" for name in ("arrivals", "messages", "topics")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def child(name: str, folder: str) -> None:
    """The fuzzer itself; never returns."""
    import atheris  # type: ignore[import-untyped]  # it has none

    with atheris.instrument_imports(include=["devices.protocols", "gateway.arrivals", "gateway.topics"]):
        from benchmarks import decoders

        target = decoders.fuzzed()[name]  # imports all of them
    arguments = [
        sys.argv[0],
        folder,
        f"-artifact_prefix={folder}.crash-",
        f"-max_len={target.most + 2}",
        f"-timeout={_ONE_INPUT_S}",
        "-rss_limit_mb=1024",
        "-len_control=20",
        "-reload=0",
        "-print_final_stats=0",
    ]
    atheris.Setup(arguments, lambda data: decoders.check(target, data))
    atheris.Fuzz()


def sow(name: str, folder: Path) -> None:
    """What the twin says is what the fuzzer begins with, read by each reader in several pieces."""
    from benchmarks import decoders

    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        return
    target = decoders.fuzzed()[name]
    number = 0
    for who in range(decoders.entries(target)):
        for place, data in enumerate([b"", *decoders.seeds(name)]):
            size = _SIZES[place % len(_SIZES)]
            (folder / f"seed-{number:04d}").write_bytes(bytes((who, size)) + data)
            number += 1


def fuzz(name: str, minutes: float, inputs: int, corpus: Path) -> Outcome:
    """Run one target to its end."""
    folder = corpus / name
    outcome, ledger = Outcome(name, by_rule=_is_rule(minutes, inputs)), corpus / f"{name}.json"
    outcome.load(ledger)
    inputs_before, minutes_before = outcome.inputs, outcome.minutes
    command = [sys.executable, "-m", "benchmarks.fuzz_decoders", "--child", name, str(folder)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert running.stdout is not None
    lines: Queue[bytes] = Queue()
    reading = threading.Thread(target=_read, args=(running.stdout, lines), daemon=True)
    reading.start()
    begin = newest = saved = time.monotonic()
    last: list[bytes] = []
    while running.poll() is None or not lines.empty():
        try:
            line = lines.get(timeout=1.0)
        except Empty:
            line = b""
        now = time.monotonic()
        if found := _STATUS.search(line):
            outcome.inputs = inputs_before + int(found[1])
            if int(found[3]) > outcome.edges:
                outcome.edges, newest = int(found[3]), now
        elif line:
            last = [*last, line][-40:]
        outcome.minutes, outcome.quiet_min = minutes_before + (now - begin) / 60, (now - newest) / 60
        if now - saved >= _SAVE_S:
            outcome.save(ledger)
            saved = now
        outcome.rested = (
            outcome.minutes >= minutes
            and outcome.inputs >= inputs
            and outcome.quiet_min >= QUIET_SHARE * minutes
            and outcome.edges > 0
        )
        if outcome.rested or now - begin > LONGEST_SHARE * 60 * minutes:
            break
    if running.poll() is None:
        running.terminate()
    else:
        outcome.crash = _story(last)
        found_files = sorted(corpus.glob(f"{name}.crash-*"), key=lambda file: file.stat().st_mtime)
        outcome.reproducer = str(found_files[-1]) if found_files else ""
    running.wait()
    outcome.save(ledger)
    return outcome


def _read(pipe: IO[bytes], lines: Queue[bytes]) -> None:
    for line in pipe:
        if not line.startswith(b"INFO"):
            lines.put(line)


def _story(lines: Sequence[bytes]) -> str:
    """The line that says what was wrong."""
    told = [line.decode(errors="replace").strip() for line in lines]
    named = [line for line in told if re.match(r"[\w.]*(Error|Broken|Exception|Interrupt)\b", line)]
    return (named or [line for line in told if "ERROR" in line] or told or ["it ended without a word"])[-1]


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
        return 2
    from benchmarks import decoders

    names = list(decoders.fuzzed())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for each target (%(default)g)")
    parser.add_argument("--inputs", type=int, help=f"at least, for each ({INPUTS:,}; fewer in a shorter run)")
    parser.add_argument("--target", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--jobs", type=int, default=2, help="at a time (%(default)d)")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="%(default)s")
    parser.add_argument("--json", type=Path, help="write the figures there as well, after each target")
    options = parser.parse_args()
    try:
        import atheris  # noqa: F401 - is it here?
    except ImportError:
        print("atheris is not installed: it has wheels for Linux only; `make setup-test` installs it", file=sys.stderr)
        return 2
    inputs = options.inputs or round(INPUTS * min(1.0, options.minutes / MINUTES))
    for name in options.target:
        sow(name, options.corpus / name)
    outcomes: list[Outcome] = []
    writing = threading.Lock()

    def one(name: str) -> None:
        outcome = fuzz(name, options.minutes, inputs, options.corpus)
        with writing:
            outcomes.append(outcome)
            print(outcome, flush=True)
            if options.json is not None:
                options.json.write_text(json.dumps([asdict(each) for each in outcomes], indent=1), "utf-8")

    with ThreadPoolExecutor(options.jobs) as jobs:
        list(jobs.map(one, options.target))
    if not _is_rule(options.minutes, inputs):
        quiet = QUIET_SHARE * MINUTES
        print(
            f"a try of {options.minutes:g} min and {inputs:,} inputs: the rule ({MINUTES:g} min, {INPUTS:,} inputs, "
            f"no new edge in {quiet:g} min) was not applied"
        )
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
