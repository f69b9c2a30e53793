"""`deploy/audit`: a finding fails, no database is said plainly, and what was not looked up is never called good."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "deploy" / "audit"
GOOD = '{"name": "click", "version": "8.2", "vulns": []}'
SKIPPED = '{"name": "scipy", "skip_reason": "Dependency not found"}'
BAD = '{"name": "kivy", "version": "2.3", "vulns": [{"id": "PYSEC-2031-7", "fix_versions": ["2.4"]}]}'


@pytest.fixture
def audit(tmp_path: Path):
    """The script, with a pip-audit that gives a report or ends with an error."""

    def run(*dependencies: str, error: str = "") -> subprocess.CompletedProcess[str]:
        report = '{"dependencies": [' + ",".join(dependencies) + "]}" if not error else ""
        (tmp_path / "pip_audit.py").write_text(
            "import sys, pathlib\n"
            f"pathlib.Path(sys.argv[sys.argv.index('-o') + 1]).write_text({report!r})\n"
            f"sys.exit({error!r} or {int(BAD in dependencies)})\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, AUDIT, "requirements.txt"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_nothing_known_is_good(audit) -> None:
    said = audit(GOOD)
    assert (said.returncode, said.stdout) == (0, "audit: requirements.txt: nothing is known against 1 packages\n")


def test_a_finding_fails_and_names_the_version_that_mends_it(audit) -> None:
    said = audit(GOOD, BAD)
    assert (said.returncode, said.stdout) == (
        1,
        "audit: requirements.txt: kivy 2.3: PYSEC-2031-7; fixed in 2.4\n",
    )


def test_no_database_is_said_and_does_not_fail(audit) -> None:
    said = audit(error="requests.exceptions.ConnectionError: no route")
    assert said.returncode == 0
    assert said.stdout.startswith("audit: requirements.txt: NOT CHECKED, no vulnerability database can be reached here")


def test_a_database_that_knows_no_package_is_no_database(audit) -> None:
    assert "NOT CHECKED" in audit(SKIPPED).stdout


def test_what_was_not_looked_up_is_named(audit) -> None:
    assert "not checked: scipy" in audit(GOOD, SKIPPED).stdout


def test_a_lock_that_cannot_be_read_fails(audit) -> None:
    said = audit(error="requirements.txt: hash missing")
    assert said.returncode == 1
    assert "pip-audit failed: requirements.txt: hash missing" in said.stderr
