"""No promise leaves before its fsync, as a trace of system calls shows; and the check can fail."""

from pathlib import Path

import pytest

from benchmarks.power_trace import Call, Disk
from benchmarks.validate_power_cut import trace_centre, trace_outbox


def test_a_put_returns_after_the_sync_of_its_commit_and_survives_a_power_cut_from_then_on(tmp_path: Path) -> None:
    verdict = trace_outbox(tmp_path, puts=12, cuts=15)
    assert verdict.named == 48
    assert verdict.good, str(verdict)


def test_a_receipt_leaves_after_the_sync_of_what_it_names(tmp_path: Path) -> None:
    verdict = trace_centre(tmp_path, records=40, cuts=15)
    assert verdict.named == 40
    assert verdict.good, str(verdict)


@pytest.mark.validation
def test_an_outbox_that_does_not_sync_is_found_out(tmp_path: Path) -> None:
    verdict = trace_outbox(tmp_path, puts=8, cuts=10, broken="nosync")
    assert len(verdict.early) == verdict.named == 32
    assert verdict.missing


@pytest.mark.validation
@pytest.mark.parametrize("broken", ["nosync", "early"])
def test_a_centre_that_says_too_much_too_soon_is_found_out(tmp_path: Path, broken: str) -> None:
    verdict = trace_centre(tmp_path, records=20, cuts=0, broken=broken)
    assert len(verdict.early) == verdict.named == 20


def test_only_what_a_sync_covers_is_sure_to_survive() -> None:
    class Unlucky:
        def random(self) -> float:
            return 1.0

    def call(at: float, name: str, data: bytes = b"", offset: int = 0) -> Call:
        return Call(at, at + 0.5, name, "/d/f", data, offset)

    disk = Disk(
        [call(1, "pwrite64", b"old"), call(2, "fsync"), call(3, "pwrite64", b"new"), call(4, "fsync")], Path("/d")
    )
    cuts = {at: disk.after_a_cut(at, Unlucky())["/d/f"] for at in (2.2, 2.6, 4.2, 4.6)}
    assert cuts == {2.2: b"", 2.6: b"old", 4.2: b"old", 4.6: b"new"}
