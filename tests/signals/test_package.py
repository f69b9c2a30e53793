"""The names of the package are what their homes hold, also after a submodule of the same name was loaded."""

import importlib
import subprocess
import sys

import pytest

import signals


@pytest.mark.parametrize("name", signals.__all__)
def test_a_name_is_what_its_home_holds(name):
    home = importlib.import_module(f"signals.{signals._HOME[name]}")
    assert getattr(signals, name) is getattr(home, name)


def test_a_function_is_no_module_however_it_is_imported():
    program = """
from signals import relaxation, hrv
import signals.coherence, signals.relaxation
from signals import coherence, relaxation as again
assert callable(relaxation) and callable(hrv) and callable(coherence) and again is relaxation
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_unknown_name_is_said():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = signals.nothing
