"""The signal core: samples in; beats, heart-rate variability, coherence, breath, skin conductance, quality and the
relaxation score out. Pure: no I/O, no clock. One algorithm for streaming and batch, and no result depends on how the
samples were cut; where batch knows more (pulse, correction of RR) its numbers may differ a little.

Names are loaded when they are first used, so importing the package costs nothing.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signals.baseline import BaselineCollector as BaselineCollector
    from signals.baseline import RelaxationBaseline as RelaxationBaseline
    from signals.baseline import RelaxationChannel as RelaxationChannel
    from signals.beat import Beat as Beat
    from signals.beat import Beats as Beats
    from signals.beats import BeatStream as BeatStream
    from signals.beats import find_beats as find_beats
    from signals.breath import Breath as Breath
    from signals.breath import Respiration as Respiration
    from signals.coherence import Coherence as Coherence
    from signals.coherence import coherence as coherence
    from signals.eda import EDA as EDA
    from signals.eda import EDAStream as EDAStream
    from signals.eda import skin_conductance as skin_conductance
    from signals.hrv import HRV as HRV
    from signals.hrv import hrv as hrv
    from signals.live import LiveHRV as LiveHRV
    from signals.quality import Quality as Quality
    from signals.quality import QualityStream as QualityStream
    from signals.quality import quality as quality
    from signals.reasons import Reason as Reason
    from signals.relaxation import Relaxation as Relaxation
    from signals.relaxation import RelaxationState as RelaxationState
    from signals.relaxation import relaxation as relaxation
    from signals.resonance import Resonance as Resonance
    from signals.resonance import resonance as resonance
    from signals.respiration import RespirationStream as RespirationStream
    from signals.respiration import respiration as respiration
    from signals.respiration_derived import respiration_from_rr as respiration_from_rr
    from signals.rr import CorrectedRR as CorrectedRR
    from signals.rr import Label as Label
    from signals.rr import LiveCorrector as LiveCorrector
    from signals.rr import correct_rr as correct_rr
    from signals.samples import Channel as Channel
    from signals.samples import Samples as Samples
    from signals.scr import SCR as SCR
    from signals.spectrum import Spectrum as Spectrum
    from signals.spectrum import lomb_scargle_psd as lomb_scargle_psd
    from signals.spectrum import welch_psd as welch_psd

_HOME = {
    "BaselineCollector": "baseline",
    "RelaxationBaseline": "baseline",
    "RelaxationChannel": "baseline",
    "Beat": "beat",
    "Beats": "beat",
    "BeatStream": "beats",
    "find_beats": "beats",
    "Breath": "breath",
    "Respiration": "breath",
    "Coherence": "coherence",
    "coherence": "coherence",
    "EDA": "eda",
    "EDAStream": "eda",
    "skin_conductance": "eda",
    "HRV": "hrv",
    "hrv": "hrv",
    "LiveHRV": "live",
    "Quality": "quality",
    "quality": "quality",
    "QualityStream": "quality",
    "Reason": "reasons",
    "Relaxation": "relaxation",
    "relaxation": "relaxation",
    "RelaxationState": "relaxation",
    "Resonance": "resonance",
    "resonance": "resonance",
    "respiration": "respiration",
    "RespirationStream": "respiration",
    "respiration_from_rr": "respiration_derived",
    "correct_rr": "rr",
    "CorrectedRR": "rr",
    "Label": "rr",
    "LiveCorrector": "rr",
    "Channel": "samples",
    "Samples": "samples",
    "SCR": "scr",
    "Spectrum": "spectrum",
    "lomb_scargle_psd": "spectrum",
    "welch_psd": "spectrum",
}

__all__ = list(_HOME)


class _Package(ModuleType):
    """Python hangs a loaded submodule on its package; where a function has the same name, the function is meant."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'signals' has no attribute {name!r}")
    return getattr(import_module(f"signals.{_HOME[name]}"), name)
